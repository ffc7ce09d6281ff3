import { defineEvent, type Publisher, seal } from '@tidings/contract';
import { type DeadLetter, rowEntity } from '@tidings/relay';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { captureItems } from './capture-items.ts';
import { itemOutbox } from './item-outbox.ts';
import { pipeEnrichment } from './pipe-enrichment.ts';
import { streamHandler } from './stream-handler.ts';
import { recordedStreamArn } from './stream-records.test-support.ts';

/** In every place of an item that somebody else's data may stand in, and nowhere else. */
const marker = 'zq7xk';

// Checks and mappings that quote what they are given.
const order = rowEntity({
  name: 'order',
  match: { keyPrefix: { pk: 'order#' } },
  schema: z.strictObject({
    pk: z.string(),
    status: z.enum(['placed', 'shipped']).optional(),
    prices: z.record(z.string(), z.number()).optional(),
    note: z
      .string()
      .refine(() => false, { error: ({ input }) => `bad ${input}` })
      .optional(),
  }),
});
const other = rowEntity({
  name: 'other',
  match: { keyPrefix: { pk: 'x' } },
  schema: z.looseObject({}),
});
const OrderChanged = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderChanged',
  version: '1.0',
  data: z.strictObject({ pk: z.literal('order#1') }),
});
const changed = (image: object) => OrderChanged.create(image as never, { idempotencyKey: 'k' });
const thrown = (image: object) => {
  throw new TypeError(JSON.stringify(image));
};
const outbox = itemOutbox({ tableName: 'shop' });
const capture = captureItems(
  { entity: order, insert: changed, modify: changed, remove: changed },
  { entity: other, insert: thrown, modify: thrown, remove: thrown },
  outbox.mapping,
);

const attribute = fc.constantFrom<unknown>(
  { S: marker },
  { N: marker },
  { N: '1' },
  { X: marker },
  { [marker]: marker },
  { M: { [marker]: { N: '1' } } },
  { M: { [marker]: { [marker]: 1 } } },
  { L: [{ S: marker }, { S: 1 }] },
  { SS: [marker, 1] },
  { BOOL: marker },
  marker,
  { S: 'placed' },
);
const name = fc.constantFrom('status', 'prices', 'note', 'tidings', marker, '__proto__');
const image = fc
  .tuple(
    fc.constantFrom('order#1', `order#${marker}`, 'x', `tidings#${marker}`),
    fc.dictionary(name, attribute),
  )
  .map(([pk, more]) => ({ pk: { S: pk }, ...more }));
const record = fc.record({
  eventID: fc.constantFrom('1', `${marker} ${marker}`),
  eventName: fc.constantFrom('INSERT', 'MODIFY', 'REMOVE', marker),
  eventSourceARN: fc.constantFrom(recordedStreamArn, marker),
  dynamodb: fc.record({
    ApproximateCreationDateTime: fc.constantFrom<unknown>(1_780_797_600, marker, 1e300),
    Keys: image,
    NewImage: image,
    OldImage: image,
    SequenceNumber: fc.constantFrom('111', ''),
  }),
});

test('no value and no key of an item gets into a reason, an error or a log line', async () => {
  const letters: DeadLetter[] = [];
  const told: unknown[] = [];
  const note = (...said: unknown[]) => void told.push(said);
  const logger = { debug: note, info: note, warn: note, error: note };
  const deadLetters = { park: async (more: readonly DeadLetter[]) => void letters.push(...more) };
  const publisher: Pick<Publisher, 'publishSettled'> = {
    publishSettled: async (events, options) =>
      [events].flat().map((event, index) => {
        const { eventId } = seal(event as never);
        const outcome = { status: 'accepted', eventId, attempts: 1, busEventId: 'b' } as const;
        options?.onOutcome?.(outcome, index);
        return outcome;
      }),
  };
  const handler = streamHandler({
    capture,
    publisher: publisher as Publisher,
    deadLetters,
    logger,
  });
  const parking = pipeEnrichment({ capture, deadLetters, logger });
  const throwing = pipeEnrichment({ capture, logger });
  await fc.assert(
    fc.asyncProperty(record, async (given) => {
      letters.length = 0;
      told.length = 0;
      await handler({ Records: [given as never] });
      await parking([given as never]);
      await throwing([given as never]).catch((error: Error) => note(error.message, error.stack));
      told.push(letters.map(({ code, reason, source }) => [code, reason, source]));
      expect(JSON.stringify(told).toLowerCase()).not.toContain(marker);
    }),
    { numRuns: 1_000 },
  );
});
