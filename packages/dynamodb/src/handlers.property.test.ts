import {
  type DeadLetter,
  defineEvent,
  type Publisher,
  type SealedEvent,
  seal,
} from '@tidings/contract';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { captureItems } from './capture-items.ts';
import { rowEntity } from './index.ts';
import { pipeEnrichment } from './pipe-enrichment.ts';
import { streamHandler } from './stream-handler.ts';
import { brokenRecord, streamRecord } from './stream-records.test-support.ts';

const ItemChanged = defineEvent({
  source: 'com.acme.items',
  detailType: 'ItemChanged',
  version: '1.0',
  data: z.object({ what: z.string(), total: z.number().optional(), attributes: z.number() }),
});
const item = rowEntity({
  name: 'item',
  // Refuses some of what is generated, and a part of what it takes makes the mapping throw.
  schema: z.looseObject({ total: z.number().optional() }),
});
const facts = (image: { total?: number | undefined }, what: string, id: string) =>
  ItemChanged.create(
    { what, total: image.total, attributes: Object.keys(image).length },
    { idempotencyKey: id },
  );
const capture = captureItems({
  entity: item,
  insert: (now, { id }) => [facts(now, 'insert', id), facts(now, 'twice', `${id}-2`)],
  modify: (now, before, { id, changedPaths }) =>
    changedPaths.length === 0 && before.total === now.total ? undefined : facts(now, 'modify', id),
  remove: (before, { id }) => facts(before, 'remove', id),
  expire: (before, { id }) => facts(before, 'expire', id),
});

/** Takes everything, as a bus does that knows no fault. */
function acceptingPublisher() {
  const accepted: SealedEvent[] = [];
  const publisher: Pick<Publisher, 'publishSettled'> = {
    publishSettled: async (events, options) =>
      [events].flat().map((event, index) => {
        const sealed = seal(event as never);
        accepted.push(sealed);
        const { eventId } = sealed;
        const outcome = { status: 'accepted', eventId, attempts: 1, busEventId: eventId } as const;
        options?.onOutcome?.(outcome, index);
        return outcome;
      }),
  };
  return { publisher: publisher as Publisher, accepted };
}

function box() {
  const letters: DeadLetter[] = [];
  return {
    letters,
    deadLetters: { park: async (more: readonly DeadLetter[]) => void letters.push(...more) },
  };
}

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const anyRecord = fc.oneof(
  { weight: 3, arbitrary: streamRecord.map(({ json }) => json as unknown) },
  { weight: 1, arbitrary: brokenRecord },
);

test('10,000 records, whole and broken, never crash a handler: each is an event or poison with a reason', async () => {
  const { letters, deadLetters } = box();
  const { publisher, accepted } = acceptingPublisher();
  const handler = streamHandler({ capture, publisher, deadLetters, logger });
  const enrich = pipeEnrichment({ capture, deadLetters, logger });
  let records = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyRecord, { minLength: 100, maxLength: 100 }), async (batch) => {
      records += batch.length;
      letters.length = 0;
      accepted.length = 0;
      expect(await handler({ Records: batch as never })).toEqual({ batchItemFailures: [] });
      const inBatchOrder = (parked: readonly DeadLetter[]) =>
        parked.toSorted((one, other) => batch.indexOf(one.change) - batch.indexOf(other.change));
      const parked = inBatchOrder(letters);
      for (const { code, reason, change } of parked) {
        expect(code).toBe('CaptureFailed');
        expect(reason).toMatch(/\w+ .+/);
        expect(batch).toContain(change);
      }
      // The same records as a Pipe's enrichment, in the batches that it is set to.
      letters.length = 0;
      const items = [];
      for (let at = 0; at < batch.length; at += 5) {
        const answer = await enrich(batch.slice(at, at + 5) as never);
        expect(answer.length).toBeLessThanOrEqual(10);
        items.push(...answer);
      }
      expect(inBatchOrder(letters)).toEqual(parked);
      expect(items.map(({ metadata }) => metadata.eventId).toSorted()).toEqual(
        accepted.map(({ eventId }) => eventId).toSorted(),
      );
    }),
    { numRuns: 100 },
  );
  expect(records).toBeGreaterThanOrEqual(10_000);
});

test('without dead letters, a record that can be named is answered and never an unknown one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyRecord, { minLength: 1, maxLength: 30 }), async (batch) => {
      const { publisher } = acceptingPublisher();
      const handler = streamHandler({ capture, publisher, logger });
      const numbers = batch.map(
        (record) =>
          (record as { dynamodb?: { SequenceNumber?: unknown } } | null)?.dynamodb?.SequenceNumber,
      );
      try {
        const { batchItemFailures } = await handler({ Records: batch as never });
        expect(batchItemFailures.length).toBeLessThanOrEqual(1);
        for (const { itemIdentifier } of batchItemFailures) {
          expect(itemIdentifier).not.toBe('');
          expect(numbers).toContain(itemIdentifier);
        }
      } catch (error) {
        expect((error as Error).message).toContain('the whole batch fails');
      }
    }),
    { numRuns: 300 },
  );
});
