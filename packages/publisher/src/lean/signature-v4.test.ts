import aws4 from 'aws4';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signatureV4 } from './signature-v4.ts';

// Keys, scope and time of AWS's published Signature Version 4 test suite.
const keys = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const date = new Date('2015-08-30T12:36:00Z');
const host = ['Host', 'example.amazonaws.com'] as const;
const sign = signatureV4('us-east-1', 'service');
const sessionToken =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==';

test.each<[string, Partial<Parameters<typeof sign>[0]>, string]>([
  ['post-vanilla', {}, '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'post-header-key-sort',
    { headers: [host, ['My-Header1', 'value1']] },
    'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
  ],
  [
    'post-header-value-case',
    { headers: [host, ['My-Header1', 'VALUE1']] },
    'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
  ],
  [
    'post-x-www-form-urlencoded',
    {
      headers: [['Content-Type', 'application/x-www-form-urlencoded'], host],
      body: 'Param1=value1',
    },
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
  [
    'post-sts-header-before',
    { keys: { ...keys, sessionToken } },
    '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
  ],
])('the signature of %s is the published one', (_name, request, signature) => {
  const { Authorization } = sign({
    ...{ path: '/', headers: [host], body: '', keys, date },
    ...request,
  });
  expect(Authorization).toMatch(new RegExp(`Signature=${signature}$`));
});

const text = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 });
const word = fc.stringMatching(/^[A-Za-z0-9+/=]{1,40}$/);

test('any request is signed as aws4 signs it', () => {
  const signEvents = signatureV4('eu-west-1', 'events');
  fc.assert(
    fc.property(
      fc.record({
        path: fc.constantFrom('/', '/local', '/a/b-c', '/%C3%A9/x'),
        value: text.map((each) => each.trim() || 'x'),
        body: fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array()),
        keys: fc.record(
          { accessKeyId: word, secretAccessKey: word, sessionToken: word },
          { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
        ),
        date: fc.date({
          min: new Date('2000-01-01'),
          max: new Date('2100-01-01'),
          noInvalidDate: true,
        }),
      }),
      ({ path, value, body, keys, date }) => {
        const headers = [
          ['Content-Type', 'application/x-amz-json-1.1'],
          ['Host', 'events.eu-west-1.amazonaws.com'],
          ['X-Amz-Target', value],
        ] as const;
        const own = signEvents({ path, headers, body, keys, date });
        const bytes = Buffer.from(body);
        const theirs = aws4.sign(
          {
            ...{ method: 'POST', service: 'events', region: 'eu-west-1', path, body: bytes },
            headers: { ...Object.fromEntries(headers), 'X-Amz-Date': own['X-Amz-Date'] },
          },
          keys,
        );
        // aws4 signs the length, too, where the caller does not.
        const again = signEvents({
          ...{ path, body, keys, date },
          headers: [...headers, ['Content-Length', String(theirs.headers?.['Content-Length'])]],
        });
        expect(again.Authorization).toBe(theirs.headers?.Authorization);
      },
    ),
  );
});

test('the key of another day, or of other keys, is another', () => {
  const request = { path: '/', headers: [host], body: '', keys, date };
  const first = sign(request).Authorization;
  sign({ ...request, date: new Date('2015-08-31T12:36:00Z') });
  sign({ ...request, keys: { ...keys, secretAccessKey: 'another' } });
  expect(sign(request).Authorization).toBe(first);
});
