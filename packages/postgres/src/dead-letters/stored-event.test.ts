import { expect, test } from 'vitest';
import { letterRowOf } from './stored-event.ts';

const sealed = {
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  time: new Date('2026-06-07T02:00:00.123Z'),
  resources: [],
  detail: '{"metadata":{"eventId":"01J"},"data":{"n":1.10,"big":12345678901234567890}}',
  eventId: '01J',
  idempotencyKey: 'k',
  orderingKey: undefined,
  traceHeader: undefined,
};
const why = { code: 'MalformedDetail', reason: 'no', source: 'wal slot "orders"' };

test('a detail is kept as the text that it was', () => {
  const { event, letterKey } = letterRowOf({ event: sealed, ...why });
  expect(event).toContain(`"detail":${sealed.detail}}`);
  expect(() => JSON.parse(event as string)).not.toThrow();
  expect(letterKey).toBe('01J');
});

test('a detail that is not JSON is kept as a string', () => {
  const { event } = letterRowOf({ event: { ...sealed, detail: '{oops' }, ...why });
  expect(JSON.parse(event as string).detail).toBe('{oops');
});

test('a change is kept whatever it holds, under a key that is its digest', () => {
  const change = { n: 1n, tags: new Set(['a']), raw: new Uint8Array([1]), at: new Map([['k', 2]]) };
  const row = letterRowOf({ change, ...why });
  expect(JSON.parse(row.change as string)).toEqual({
    n: '1',
    tags: ['a'],
    raw: 'AQ==',
    at: { k: 2 },
  });
  expect(row.letterKey).toBe(letterRowOf({ change, ...why, reason: 'again' }).letterKey);
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  expect(letterRowOf({ change: cycle, ...why }).change).toContain('not JSON: ');
});

test('an event that no contract would take is kept as it is', () => {
  const event = { detail: { metadata: {}, data: 1 } } as never;
  const row = letterRowOf({ event, ...why, reason: 'a \0 in it' });
  expect(JSON.parse(row.event as string)).toEqual(event);
  expect(row.letterKey).toMatch(/^[0-9a-f]{64}$/);
  expect(row.reason).toBe('a \uFFFD in it');
});
