import { defineEvent, type PublishableEvent, type Publisher, seal } from '@tidings/contract';
import { captureRows, type DeadLetter, rowEntity } from '@tidings/relay';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { cdcHandler } from './cdc-handler.ts';
import { kinesisRecord, recorded } from './records.test-support.ts';

/** In every place of a record that somebody else's data may stand in, and nowhere else. */
const marker = 'zq7xk';

// Checks and mappings that quote what they are given.
const order = rowEntity({
  name: 'order',
  schema: z.object({
    id: z.coerce.string(),
    status: z.enum(['placed', 'shipped']),
    extras: z.record(z.string(), z.boolean()).optional(),
    total: z
      .string()
      .refine(() => false, { error: ({ input }) => `bad ${input}` })
      .optional(),
  }),
  match: ({ table }) => table.endsWith('orders'),
});
const message = rowEntity({
  name: 'message',
  schema: z.looseObject({}),
  match: { table: 'outbox' },
});
const OrderChanged = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderChanged',
  version: '1.0',
  data: z.strictObject({ status: z.enum(['placed', 'shipped']) }),
});
const changed = (row: object) => OrderChanged.create(row as never, { idempotencyKey: 'k' });
const capture = captureRows(
  { entity: order, insert: changed, modify: changed, remove: changed },
  {
    entity: message,
    insert(row) {
      throw new TypeError(JSON.stringify(row));
    },
  },
);

const records = [
  'debezium-create',
  'debezium-create-with-schema',
  'debezium-update',
  'debezium-delete',
  'debezium-update-unavailable-with-schema',
  'outbox-envelope',
  'outbox-envelope-with-schema',
  'outbox-without-id',
  'dms-insert',
  'dms-update',
  'dms-delete',
  'dsql-insert',
  'dsql-fragment',
].map((name) => JSON.parse(recorded(name)) as unknown);

/** Names that tell a feed, a type or a place in a log are its own; all that is left is data. */
const ofTheFeed = /^(?:source|schema|metadata|fields|transaction|op|type)$/;

/** Where data stands: members of images and payloads, and whatever may stand beside them. */
function dataPaths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, each]) =>
      ofTheFeed.test(key) ? [] : dataPaths(each, [...path, key]),
    ),
  ];
}

function withMarker(value: unknown, path: readonly string[], by: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) {
    return typeof value === 'object' && value !== null ? { ...value, [marker]: by } : by;
  }
  return {
    ...(value as object),
    [key]: withMarker((value as Record<string, unknown>)[key], rest, by),
  };
}

const planted = fc.constantFrom<unknown>(
  marker,
  { [marker]: marker },
  [marker],
  `{"${marker}":`,
  JSON.stringify({ [marker]: marker }),
);
const text = fc.oneof(
  fc.tuple(fc.constantFrom(...records), fc.nat(), planted).map(([record, at, by]) => {
    const paths = dataPaths(record);
    return JSON.stringify(withMarker(record, paths[at % paths.length] ?? [], by));
  }),
  fc.constantFrom(marker, `{"${marker}":1}`, `[${marker}`, `"${marker}"`),
);
const key = fc.constantFrom(marker, `{"${marker}":1}`, `{"id":"${marker}"}`);

test('no value and no key of the data gets into a reason or a log line', async () => {
  const letters: DeadLetter[] = [];
  const lines: unknown[] = [];
  const note = (...said: unknown[]) => void lines.push(said);
  const logger = { debug: note, info: note, warn: note, error: note };
  const publisher: Pick<Publisher, 'publishSettled'> = {
    publishSettled: async (events, options) =>
      ([events].flat() as PublishableEvent[]).map((event, index) => {
        const { eventId } = seal(event as never);
        const outcome = { status: 'accepted', eventId, attempts: 1, busEventId: 'b' } as const;
        options?.onOutcome?.(outcome, index);
        return outcome;
      }),
  };
  const handler = cdcHandler({
    capture,
    publisher: publisher as Publisher,
    deadLetters: { park: async (more) => void letters.push(...more) },
    logger,
    decimals: 'string',
  });
  await fc.assert(
    fc.asyncProperty(text, key, async (value, recordKey) => {
      letters.length = 0;
      lines.length = 0;
      await handler({ Records: [kinesisRecord(value, 1, recordKey)] });
      const told = [lines, letters.map(({ code, reason, source }) => [code, reason, source])];
      expect(JSON.stringify(told).toLowerCase()).not.toContain(marker);
    }),
    { numRuns: 1_000 },
  );
});
