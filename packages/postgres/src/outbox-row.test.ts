import { expect, test } from 'vitest';
import { outboxRowOf, outboxRowReader, sealedEventOf } from './outbox-row.ts';
import type { Relation } from './wal/pgoutput.ts';

const columns = [
  'id',
  'event_id',
  'source',
  'detail_type',
  'detail',
  'occurred_at',
  'resources',
  'idempotency_key',
  'ordering_key',
  'trace_header',
];
const tuple = [
  '1',
  '01J',
  'com.acme.orders',
  'OrderPlaced',
  '{"metadata":{},"data":{"n":12345678901234567890.10}}',
  '2026-06-07 02:00:00.123456+00',
  '["arn:aws:s3:::orders"]',
  'order-1-placed',
  null,
  null,
];
const relation: Relation = {
  oid: 1,
  schema: 'tidings',
  table: 'outbox',
  replicaIdentity: 'default',
  columns,
  typeOids: columns.map(() => 25),
  inIdentity: columns.map(() => false),
};

test('a row becomes an event whose detail is the stored text', () => {
  expect(sealedEventOf(outboxRowReader(relation)(tuple))).toEqual({
    source: 'com.acme.orders',
    detailType: 'OrderPlaced',
    time: new Date('2026-06-07T02:00:00.123Z'),
    resources: ['arn:aws:s3:::orders'],
    detail: tuple[4],
    eventId: '01J',
    idempotencyKey: 'order-1-placed',
    orderingKey: undefined,
    traceHeader: undefined,
  });
});

test('columns are found by name, wherever they stand', () => {
  const reversed = { ...relation, columns: columns.toReversed() };
  const row = outboxRowReader(reversed)(tuple.toReversed());
  expect(row).toEqual(outboxRowReader(relation)(tuple));
});

test('a row that a query returned reads the same', () => {
  const byName = Object.fromEntries(columns.map((column, i) => [column, tuple[i] ?? null]));
  expect(outboxRowOf(byName)).toEqual(outboxRowReader(relation)(tuple));
});

test('a table that lacks a column is named', () => {
  const poorer = { ...relation, columns: columns.filter((column) => column !== 'detail') };
  expect(() => outboxRowReader(poorer)).toThrow('tidings.outbox has no column "detail"');
});

test('a null where none may be, and a time that is none, are refused', () => {
  const withNull = tuple.with(4, null);
  expect(() => outboxRowReader(relation)(withNull)).toThrow('"detail" is null');
  const row = outboxRowReader(relation)(tuple.with(5, 'infinity'));
  expect(() => sealedEventOf(row)).toThrow('occurred_at "infinity" is not a time');
});
