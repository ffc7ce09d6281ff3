import { defineEvent, type PublishableEvent, type Publisher, seal } from '@tidings/contract';
import {
  captureRows,
  type DeadLetter,
  parseExactJson,
  type RowChange,
  rowEntity,
  silentLogger,
} from '@tidings/relay';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { cdcHandler } from './cdc-handler.ts';
import type { KafkaEvent, KinesisEvent } from './lambda-event.ts';
import { kafkaRecord, kinesisRecord, recorded } from './records.test-support.ts';

const names = [
  'debezium-create',
  'debezium-create-with-schema',
  'debezium-delete',
  'debezium-delete-key-only-with-schema',
  'debezium-heartbeat',
  'debezium-message',
  'debezium-mysql-update',
  'debezium-read',
  'debezium-schema-change',
  'debezium-transaction-end',
  'debezium-truncate',
  'debezium-update',
  'debezium-update-full-identity-with-schema',
  'debezium-update-unavailable-with-schema',
  'dms-control',
  'dms-delete',
  'dms-insert',
  'dms-insert-scientific',
  'dms-load',
  'dms-update',
  'outbox-envelope',
  'outbox-envelope-with-schema',
  'outbox-without-id',
];
const values = names.map((name) => parseExactJson(recorded(name)));

const OrderChanged = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderChanged',
  version: '1.0',
  data: z.object({ id: z.string(), status: z.string(), note: z.string() }),
});
const order = rowEntity({
  name: 'order',
  schema: z.object({ id: z.coerce.string(), status: z.string(), note: z.string().nullish() }),
  match: ({ table }) => table.endsWith('orders'),
});
const message = rowEntity({
  name: 'message',
  schema: z.object({ id: z.string(), type: z.string(), payload: z.unknown() }),
  match: { table: 'outbox' },
});
const changed = ({ id, status, note }: z.infer<typeof order.schema>, change: RowChange) =>
  OrderChanged.create({ id, status, note: note ?? '' }, { idempotencyKey: change.id });
const capture = captureRows(
  {
    entity: order,
    insert: changed,
    modify: (now, _, change) => changed(now, change),
    remove: changed,
  },
  {
    entity: message,
    insert: ({ id, type }) =>
      OrderChanged.create({ id, status: type, note: '' }, { idempotencyKey: id }),
  },
);

/** A port that takes everything: what is tested is what comes before it. */
function takesAll(): { publisher: Publisher; taken: PublishableEvent[] } {
  const taken: PublishableEvent[] = [];
  const publisher: Pick<Publisher, 'publishSettled'> = {
    async publishSettled(events, options) {
      const list = [events].flat() as PublishableEvent[];
      taken.push(...list);
      const outcomes = list.map((event) => {
        const { eventId } = seal(event as never);
        return { status: 'accepted', eventId, attempts: 1, busEventId: eventId } as const;
      });
      outcomes.forEach((outcome, index) => {
        options?.onOutcome?.(outcome, index);
      });
      return outcomes as never;
    },
  };
  return { publisher: publisher as Publisher, taken };
}

const toText = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? Number(each) : each)) ??
  '';

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key]))];
}

function replaceAt(value: unknown, path: Path, by: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return by;
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.assign(Array.isArray(value) ? [] : {}, value) as Record<string, unknown>;
  if (rest.length === 0 && by === undefined) delete copy[key];
  else copy[key] = replaceAt(copy[key], rest, by);
  return copy;
}

/** A documented record of which one member is something else, or missing. */
const mutated = fc
  .tuple(
    fc.constantFrom(...values),
    fc.nat(),
    fc.oneof(fc.constant(undefined), fc.jsonValue({ maxDepth: 2 }), fc.bigInt(), fc.double()),
  )
  .map(([value, at, by]) => {
    const paths = pathsOf(value);
    return toText(replaceAt(value, paths[at % paths.length] ?? [], by));
  });

/** A documented record of which some characters are gone, or others. */
const damaged = fc
  .tuple(fc.constantFrom(...names), fc.nat(), fc.nat(20), fc.string({ unit: 'binary' }))
  .map(([name, at, length, text]) => {
    const whole = recorded(name);
    const start = at % whole.length;
    return whole.slice(0, start) + text + whole.slice(start + length);
  });

const value = fc.oneof(
  { weight: 4, arbitrary: mutated },
  { weight: 2, arbitrary: damaged },
  { weight: 1, arbitrary: fc.json({ maxDepth: 4 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);
const key = fc.oneof(fc.constant('{"id":1}'), fc.json(), fc.string());
const item = fc.record({ value, key });
const anything = fc.anything({ withBigInt: true, withNullPrototype: true, maxDepth: 3 });

/** Whatever Lambda never sends, in the place of a record. */
const strange = fc.oneof(
  anything,
  fc.record({ kinesis: anything, eventID: anything }),
  fc.record({ kinesis: fc.record({ data: anything, sequenceNumber: anything }) }),
  fc.record({ offset: anything, value: anything, key: anything, headers: anything }),
);

const options = fc.record({
  feed: fc.constantFrom('debezium' as const, 'dms' as const, 'outbox' as const),
  snapshots: fc.constantFrom('ignore' as const, 'insert' as const),
  decimals: fc.constantFrom('string' as const, 'double' as const),
});

function eventsOf(items: readonly { value: string; key: string }[]): (KinesisEvent | KafkaEvent)[] {
  return [
    { Records: items.map(({ value, key }, index) => kinesisRecord(value, index, key)) },
    { records: { 'orders-0': items.map(({ value, key }, i) => kafkaRecord(value, i, key)) } },
  ];
}

function idsOf(events: readonly PublishableEvent[]): string[] {
  return events.map((event) => seal(event as never).eventId);
}

test('no record crashes the handler: each is published, passed over, or parked with a reason', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 8 }), options, async (items, chosen) => {
      for (const event of eventsOf(items)) {
        const letters: DeadLetter[] = [];
        const bus = takesAll();
        const handler = cdcHandler({
          capture,
          publisher: bus.publisher,
          deadLetters: { park: async (all) => void letters.push(...all) },
          logger: silentLogger,
          ...chosen,
        });
        expect(await handler(event as KinesisEvent)).toEqual({ batchItemFailures: [] });
        for (const { reason, change } of letters) {
          expect(reason).not.toBe('');
          expect(change).toBeDefined();
        }
        // Delivered again, everything is as it was: order apart, for rows go side by side.
        const first = idsOf(bus.taken.splice(0));
        await handler(event as KinesisEvent);
        expect(idsOf(bus.taken).toSorted()).toEqual(first.toSorted());
      }
    }),
    { numRuns: 600 },
  );
});

test('without dead letters the first poison halts its shard, and is the one that is named', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 8 }), options, async (items, chosen) => {
      const settings = { capture, logger: silentLogger, failures: 'report', ...chosen } as const;
      const letters: DeadLetter[] = [];
      const parks = cdcHandler({
        ...settings,
        publisher: takesAll().publisher,
        deadLetters: { park: async (all) => void letters.push(...all) },
      });
      const halts = cdcHandler({ ...settings, publisher: takesAll().publisher });
      const [kinesis, kafka] = eventsOf(items) as [KinesisEvent, KafkaEvent];
      await parks(kinesis);
      const parked = new Set(letters.map(({ change }) => change));
      const first = kinesis.Records.findIndex((record) => parked.has(record));
      const { sequenceNumber } = kinesis.Records[first]?.kinesis ?? {};
      expect((await halts(kinesis)).batchItemFailures).toEqual(
        first === -1 ? [] : [{ itemIdentifier: sequenceNumber }],
      );
      expect((await halts(kafka)).batchItemFailures).toEqual(
        first === -1 ? [] : [{ itemIdentifier: { partition: 'orders-0', offset: first } }],
      );
    }),
    { numRuns: 200 },
  );
});

test('what Lambda never sends is parked, or fails the batch as a whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(strange, { maxLength: 5 }), fc.boolean(), async (records, parks) => {
      const letters: DeadLetter[] = [];
      const handler = cdcHandler({
        capture,
        publisher: takesAll().publisher,
        ...(parks && { deadLetters: { park: async (all) => void letters.push(...all) } }),
        logger: silentLogger,
        failures: 'report',
        feed: 'debezium',
      });
      for (const event of [{ Records: records }, { records: { 'orders-0': records } }]) {
        let failures: readonly { itemIdentifier: unknown }[] = [];
        try {
          ({ batchItemFailures: failures } = await handler(event as KinesisEvent));
        } catch (error) {
          expect(parks).toBe(false);
          expect(String(error)).toContain('so that the whole batch fails');
        }
        if (parks) expect(failures).toEqual([]);
        for (const { itemIdentifier } of failures) expect(itemIdentifier).toBeTruthy();
      }
    }),
    { numRuns: 500 },
  );
});
