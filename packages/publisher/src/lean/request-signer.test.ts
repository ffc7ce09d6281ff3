import { expect, it } from 'vitest';
import { endpointOf } from './endpoint.ts';
import { everyRegionSigner } from './request-signer.ts';

it('signs for a global endpoint in every region', async () => {
  const endpoint = endpointOf({
    region: 'us-east-1',
    endpoint: undefined,
    endpointId: 'abcde.veo',
    useFips: false,
    useDualStack: false,
  });
  const headers = await everyRegionSigner(endpoint)({
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': 'AWSEvents.PutEvents',
    },
    body: Buffer.from('{}'),
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' },
    date: new Date('2026-06-07T02:00:00Z'),
  });
  expect(headers).toMatchObject({
    host: 'abcde.veo.endpoint.events.amazonaws.com',
    'x-amz-region-set': '*',
    'x-amz-date': '20260607T020000Z',
    'x-amz-security-token': 'token',
    'content-length': 2,
  });
  expect(headers.authorization).toMatch(
    /^AWS4-ECDSA-P256-SHA256 Credential=AKID\/20260607\/events\/aws4_request, SignedHeaders=.+, Signature=[0-9a-f]+$/,
  );
});
