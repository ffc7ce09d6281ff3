import { defineEvent, type PublishableEvent, seal } from '@tidings/contract';
import { type BatchRecord, captureRows, rowEntity } from '@tidings/relay';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { capturePartition, type Tally } from './capture-partition.ts';
import { type FeedOptions, resolveFeedOptions } from './feed-settings.ts';
import { feedRecord, recorded } from './records.test-support.ts';

const OrderChanged = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderChanged',
  version: '1.0',
  data: z.object({ status: z.string(), note: z.string().optional() }),
});
const orderWith = <Shape extends z.ZodRawShape>(shape: Shape) =>
  captureRows({
    entity: rowEntity({
      name: 'order',
      schema: z.object({ status: z.string(), ...shape }),
      images: 'new',
      match: { table: 'public.orders' },
    }),
    insert: (now, { id }) => OrderChanged.create(now as never, { idempotencyKey: id }),
    modify: (now, _, { id }) => OrderChanged.create(now as never, { idempotencyKey: id }),
  });
const plain = { decimals: 'string' } as const;
const always = () => Number.POSITIVE_INFINITY;

function captureAll(
  values: readonly string[],
  options: FeedOptions = plain,
  capture = orderWith({}),
  leftMs: () => number = always,
) {
  const tally: Tally = { feeds: new Set(), silent: new Map() };
  const records = values.map((value, index) => feedRecord(value, index));
  const batch = capturePartition(records, capture, resolveFeedOptions(options), tally, leftMs);
  return { batch, tally };
}

function reasonOf(record: BatchRecord | undefined): string {
  if (record?.captured.kind !== 'poison') throw new Error('no poison');
  return record.captured.letter.reason;
}

function eventsOf(record: BatchRecord | undefined): readonly PublishableEvent[] {
  if (record?.captured.kind !== 'events') throw new Error(reasonOf(record));
  return record.captured.events;
}

test('a change becomes an event that is the same at every delivery', () => {
  const once = captureAll([recorded('debezium-create')]);
  const again = captureAll(['', recorded('debezium-create')]);
  const [event] = eventsOf(once.batch[0]);
  expect(seal(event as never)).toEqual(seal(eventsOf(again.batch[1])[0] as never));
  expect(once.batch[0]?.lane).toBe('public.orders\n9007199254740993');
});

test('records that tell of no change yield nothing and are counted', () => {
  const { batch, tally } = captureAll([
    recorded('debezium-heartbeat'),
    recorded('debezium-read'),
    '',
    '',
  ]);
  expect(batch.flatMap(eventsOf)).toEqual([]);
  expect(Object.fromEntries(tally.silent)).toEqual({ heartbeat: 1, snapshot: 1, tombstone: 2 });
});

test('a column that was not sent is poison for who reads it, and nobody else', () => {
  const update = [recorded('debezium-update-unavailable-with-schema')];
  expect(eventsOf(captureAll(update).batch[0])).toHaveLength(1);
  for (const note of [z.string(), z.string().nullish()]) {
    const { batch } = captureAll(update, plain, orderWith({ note }));
    expect(reasonOf(batch[0])).toMatch(/^column note of public.orders is large, did not change/);
  }
  const whole = [recorded('debezium-update-full-identity-with-schema')];
  const { batch } = captureAll(whole, plain, orderWith({ note: z.string() }));
  expect(JSON.parse(seal(eventsOf(batch[0])[0] as never).detail).data).toEqual({
    status: 'shipped',
    note: 'Leave it with the neighbour.',
  });
});

test('poison says why, holds the record as it came, and tells no value', () => {
  const insert = recorded('dms-insert');
  const { batch } = captureAll([insert], {}, orderWith({ note: z.string() }));
  expect(reasonOf(batch[0])).toContain(
    'note: expected string, received nothing; AWS DMS leaves out columns that are NULL',
  );
  expect(batch[0]?.captured).toMatchObject({
    letter: { code: 'CaptureFailed', source: 'dms stream', change: { eventSource: 'aws:kinesis' } },
  });
  const rounded = captureAll([recorded('dms-insert-scientific')], {}, orderWith({ id: z.int() }));
  expect(reasonOf(rounded.batch[0])).toMatch(/^column id of public.orders .* scientific notation/);
  expect(reasonOf(rounded.batch[0])).not.toContain('1234567');
});

test('one table must not come through two feeds', () => {
  const both = [recorded('debezium-create'), recorded('dms-insert')];
  expect(() => captureAll(both)).toThrow(/several feeds \(debezium, dms\)/);
  const { batch } = captureAll(both, { ...plain, feed: 'debezium' });
  expect(eventsOf(batch[0])).toHaveLength(1);
  expect(reasonOf(batch[1])).toBe('the record is of feed dms, and the handler is set to debezium');
});

test('an outbox row is matched by its type', () => {
  const capture = captureRows({
    entity: rowEntity({
      name: 'order placed',
      schema: z.object({ payload: z.object({ orderId: z.string() }) }),
      match: { table: 'outbox', attributes: { type: 'OrderPlaced' } },
    }),
    insert: ({ payload }, { id }) =>
      OrderChanged.create({ status: payload.orderId }, { idempotencyKey: id }),
  });
  const { batch } = captureAll([recorded('outbox-envelope')], {}, capture);
  const sealed = seal(eventsOf(batch[0])[0] as never);
  expect(JSON.parse(sealed.detail)).toMatchObject({
    metadata: { idempotencyKey: '406c07f3-26f0-4eea-a50c-109940064b8f' },
    data: { status: '7781' },
  });
});

test('nothing is captured any more when the time is up', () => {
  let calls = 0;
  const leftMs = () => (calls++ === 0 ? 1 : 0);
  const values = Array.from({ length: 300 }, () => recorded('debezium-create'));
  const { batch } = captureAll(values, plain, orderWith({}), leftMs);
  expect(batch).toHaveLength(256);
});
