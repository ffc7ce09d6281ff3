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

/** Documented records by the feed that they come from. */
const namesOf = {
  debezium: [
    'debezium-create',
    'debezium-create-with-schema',
    'debezium-delete',
    'debezium-delete-key-only-with-schema',
    'debezium-heartbeat',
    'debezium-message',
    'debezium-mysql-update',
    'debezium-read',
    'debezium-schema-change',
    'debezium-transaction-begin',
    'debezium-transaction-end',
    'debezium-truncate',
    'debezium-update',
    'debezium-update-full-identity-with-schema',
    'debezium-update-unavailable-with-schema',
  ],
  outbox: ['outbox-envelope', 'outbox-envelope-with-schema', 'outbox-without-id'],
  dms: [
    'dms-control',
    'dms-delete',
    'dms-insert',
    'dms-insert-scientific',
    'dms-load',
    'dms-update',
  ],
} as const;
type Feed = keyof typeof namesOf;
const feeds = Object.keys(namesOf) as Feed[];

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

/** JSON in which integers keep all their digits. */
function toText(value: unknown): string {
  const marked = JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'bigint' ? `@${each}@` : each,
  );
  return marked?.replace(/"@(-?\d+)@"/g, '$1') ?? '';
}

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
function mutated(names: readonly string[]): fc.Arbitrary<string> {
  const values = names.map((name) => parseExactJson(recorded(name)));
  const paths = values.map((value) => pathsOf(value));
  const other = fc.oneof(
    fc.constant(undefined),
    fc.jsonValue({ maxDepth: 2 }),
    fc.bigInt(),
    fc.double(),
  );
  return fc.tuple(fc.nat(values.length - 1), fc.nat(), other).map(([of, at, by]) => {
    const path = paths[of]?.[at % (paths[of]?.length ?? 1)] ?? [];
    return toText(replaceAt(values[of], path, by));
  });
}

/** A documented record of which some characters are gone, or others. */
function damaged(names: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...names), fc.nat(), fc.nat(20), fc.string({ unit: 'binary' }))
    .map(([name, at, length, text]) => {
      const whole = recorded(name);
      const start = at % whole.length;
      return whole.slice(0, start) + text + whole.slice(start + length);
    });
}

const key = fc.oneof(fc.constant('{"id":1}'), fc.json(), fc.string());

/** Records of a feed, whole, mutated and damaged, and a few that are none of it. */
function itemOf(feed: Feed): fc.Arbitrary<{ value: string; key: string }> {
  const strangers = feeds.filter((other) => other !== feed).flatMap((other) => namesOf[other]);
  const value = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...namesOf[feed]).map(recorded) },
    { weight: 8, arbitrary: mutated(namesOf[feed]) },
    { weight: 4, arbitrary: damaged(namesOf[feed]) },
    { weight: 2, arbitrary: mutated(strangers) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 4 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  );
  return fc.record({ value, key });
}
const anything = fc.anything({ withBigInt: true, withNullPrototype: true, maxDepth: 3 });

/** Whatever Lambda never sends, in the place of a record. */
const strange = fc.oneof(
  anything,
  fc.record({ kinesis: anything, eventID: anything }),
  fc.record({ kinesis: fc.record({ data: anything, sequenceNumber: anything }) }),
  fc.record({ offset: anything, value: anything, key: anything, headers: anything }),
);

const options = fc.record({
  snapshots: fc.constantFrom('ignore' as const, 'insert' as const),
  decimals: fc.constantFrom('string' as const, 'double' as const),
});

type Items = readonly { value: string; key: string }[];

function kinesisEvent(items: Items): KinesisEvent {
  return { Records: items.map(({ value, key }, index) => kinesisRecord(value, index, key)) };
}

function kafkaEvent(items: Items): KafkaEvent {
  const records = items.map(({ value, key }, index) => kafkaRecord(value, index, key));
  return { records: { 'orders-0': records } };
}

function idsOf(events: readonly PublishableEvent[]): string[] {
  return events.map((event) => seal(event as never).eventId);
}

const batch = { minLength: 100, maxLength: 100 };
const shape = fc.constantFrom(kinesisEvent, kafkaEvent);

test.each(feeds)(
  '10,000 records of %s, whole and broken, are each published, passed over, or parked with a reason',
  async (feed) => {
    let records = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(itemOf(feed), batch),
        shape,
        options,
        async (items, eventOf, chosen) => {
          records += items.length;
          const letters: DeadLetter[] = [];
          const bus = takesAll();
          const handler = cdcHandler({
            capture,
            publisher: bus.publisher,
            deadLetters: { park: async (all) => void letters.push(...all) },
            logger: silentLogger,
            feed,
            ...chosen,
          });
          const event = eventOf(items) as KinesisEvent;
          expect(await handler(event)).toEqual({ batchItemFailures: [] });
          for (const { reason, change } of letters) {
            expect(reason).toMatch(/\w+ .+/);
            expect(change).toBeDefined();
          }
          // Whole records are in every batch, so that not all of it is poison.
          expect(bus.taken.length).toBeGreaterThan(0);
          // Delivered again, everything is as it was: order apart, for rows go side by side.
          const first = idsOf(bus.taken.splice(0));
          await handler(event);
          expect(idsOf(bus.taken).toSorted()).toEqual(first.toSorted());
        },
      ),
      { numRuns: 100 },
    );
    expect(records).toBeGreaterThanOrEqual(10_000);
  },
);

test.each(feeds)(
  'without dead letters the first poison of %s halts its shard, and is the one that is named',
  async (feed) => {
    await fc.assert(
      fc.asyncProperty(fc.array(itemOf(feed), { maxLength: 8 }), options, async (items, chosen) => {
        const settings = {
          capture,
          logger: silentLogger,
          failures: 'report',
          feed,
          ...chosen,
        } as const;
        const letters: DeadLetter[] = [];
        const parks = cdcHandler({
          ...settings,
          publisher: takesAll().publisher,
          deadLetters: { park: async (all) => void letters.push(...all) },
        });
        const halts = cdcHandler({ ...settings, publisher: takesAll().publisher });
        const [kinesis, kafka] = [kinesisEvent(items), kafkaEvent(items)];
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
      { numRuns: 100 },
    );
  },
);

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
