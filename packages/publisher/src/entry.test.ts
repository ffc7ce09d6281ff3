import { expect, it } from 'vitest';
import { entryBytes } from './entry.ts';

it('counts 14 for the time and UTF-8 for the rest, as the service documents it', () => {
  const event = {
    source: 'com.acme.é',
    detailType: 'OrderPlaced',
    time: new Date(0),
    resources: ['arn:1', '😀'],
    detail: '{"a":"€"}',
    eventId: 'e1',
    idempotencyKey: 'k1',
    orderingKey: undefined,
    traceHeader: 'Root=1-not-counted',
  };
  expect(entryBytes(event)).toBe(14 + 11 + 11 + 5 + 4 + 11);
});
