import { expect, test } from 'vitest';
import { itemChange } from './item-change.ts';
import type { StreamRecord } from './stream-record.ts';

const record = {
  eventID: 'c81e728d9d4c2f636f067f89cc14862c',
  eventName: 'MODIFY',
  awsRegion: 'us-west-2',
  eventSourceARN:
    'arn:aws:dynamodb:us-west-2:123456789012:table/shop/stream/2026-06-07T00:00:00.000',
  dynamodb: {
    ApproximateCreationDateTime: 1_780_797_600,
    Keys: { pk: { S: 'ORDER#7' } },
    NewImage: {
      pk: { S: 'ORDER#7' },
      total: { N: '18900' },
      id: { N: '12345678901234567890' },
      rate: { N: '0.12345678901234567890' },
      paid: { BOOL: true },
      note: { NULL: true },
      tags: { SS: ['a', 'b'] },
      sizes: { NS: ['1', '9007199254740993'] },
      key: { B: 'AQID' },
      parts: { BS: ['AQ=='] },
      lines: { L: [{ M: { sku: { S: 'x' } } }] },
    },
    OldImage: { pk: { S: 'ORDER#7' } },
    SequenceNumber: '100000000005391461882',
  },
} satisfies StreamRecord;

test('attributes become values that keep all they say', () => {
  expect(itemChange(record)).toEqual({
    id: 'c81e728d9d4c2f636f067f89cc14862c',
    table: 'shop',
    operation: 'modify',
    keys: { pk: 'ORDER#7' },
    now: {
      pk: 'ORDER#7',
      total: 18900,
      id: 12345678901234567890n,
      rate: '0.12345678901234567890',
      paid: true,
      note: null,
      tags: new Set(['a', 'b']),
      sizes: new Set([1, 9007199254740993n]),
      key: new Uint8Array([1, 2, 3]),
      parts: new Set([new Uint8Array([1])]),
      lines: [{ sku: 'x' }],
    },
    before: { pk: 'ORDER#7' },
    occurredAt: new Date('2026-06-07T02:00:00.000Z'),
    sequenceNumber: '100000000005391461882',
    region: 'us-west-2',
  });
});

test.each([
  [{ type: 'Service', principalId: 'dynamodb.amazonaws.com' }, 'expire'],
  [{ Type: 'Service', PrincipalId: 'dynamodb.amazonaws.com' }, 'expire'],
  [{ type: 'AssumedRole', principalId: 'somebody' }, 'remove'],
  [null, 'remove'],
  [undefined, 'remove'],
])('a removal by %j is %s', (userIdentity, operation) => {
  expect(itemChange({ ...record, eventName: 'REMOVE', userIdentity }).operation).toBe(operation);
});

test('only what the service removes by itself is an expiry', () => {
  const userIdentity = { type: 'Service', principalId: 'dynamodb.amazonaws.com' };
  expect(itemChange({ ...record, userIdentity }).operation).toBe('modify');
});

test.each([
  [{ eventID: undefined }, 'eventID'],
  [{ eventID: 'has spaces' }, 'eventID'],
  [{ eventName: 'UPSERT' }, 'eventName'],
  [{ eventSourceARN: 'stream-ARN' }, 'eventSourceARN'],
  [{ dynamodb: null }, 'a stream record must be'],
  [{ dynamodb: { ...record.dynamodb, SequenceNumber: '' } }, 'dynamodb.SequenceNumber'],
  [{ dynamodb: { ...record.dynamodb, Keys: undefined } }, 'Keys of a stream record'],
  [
    { dynamodb: { ...record.dynamodb, ApproximateCreationDateTime: undefined } },
    'dynamodb.ApproximateCreationDateTime',
  ],
  [
    { dynamodb: { ...record.dynamodb, NewImage: { total: { N: 'secret' } } } },
    'an attribute of NewImage must be a number that DynamoDB holds',
  ],
  [
    { dynamodb: { ...record.dynamodb, NewImage: { total: { X: 'secret' } } } },
    'an attribute of NewImage has a type that DynamoDB does not know',
  ],
  [
    { dynamodb: { ...record.dynamodb, OldImage: { lines: { L: [{ S: 1 }] } } } },
    'an attribute of OldImage must be text, got number',
  ],
])('%j is refused with a reason that holds no value', (part, reason) => {
  const broken = { ...record, ...part } as unknown as StreamRecord;
  expect(() => itemChange(broken)).toThrow(reason);
  expect(() => itemChange(broken)).not.toThrow('secret');
});
