import type {
  DeadLetter,
  PublishableEvent,
  Publisher,
  PublishOptions,
  PublishOutcome,
  SealedEvent,
} from '@tidings/contract';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChangeSource } from './change-source.ts';
import { createDelivery } from './delivery.ts';
import { positionOf } from './position.ts';
import { defineRelay } from './relay-options.ts';

interface Change {
  readonly id: string;
  readonly key: string;
  /** What the publisher makes of it at each of its attempts; accepted after these. */
  readonly fates: readonly ('undelivered' | 'rejected')[];
}

const source: ChangeSource<Change> = {
  name: 'generated changes',
  verify: async () => {},
  read: async function* () {},
  capture: (change) => {
    if (change.id.startsWith('poison')) throw new Error('cannot be captured');
    return [{ ...change, eventId: change.id, orderingKey: change.key } as unknown as SealedEvent];
  },
  confirm: async () => {},
  close: async () => {},
};

/** An event in a lane of the scripted publisher, and whom to tell. */
interface Waiting {
  readonly change: Change;
  readonly tell: (outcome: PublishOutcome) => void;
}

/**
 * A publisher as its port demands, with lanes by key: one event of a key at a time over
 * all calls, and what waits behind one that is given up is given up with it.
 */
function scriptedPublisher(accepted: Change[], reports: 'as decided' | 'when all are'): Publisher {
  const attempts = new Map<string, number>();
  const lanes = new Map<string, Waiting[]>();
  const running = new Set<Waiting[]>();

  function begin(lane: Waiting[]): void {
    if (running.has(lane)) return;
    running.add(lane);
    void runLane(lane).finally(() => {
      running.delete(lane);
      if (lane.length > 0) begin(lane);
    });
  }

  async function runLane(lane: Waiting[]): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      const head = lane[0];
      if (head === undefined) return;
      const { id, fates } = head.change;
      const attempt = attempts.get(id) ?? 0;
      attempts.set(id, attempt + 1);
      const base = { eventId: id, attempts: attempt + 1 };
      const fate = fates[attempt];
      if (fate === 'undelivered') {
        for (const { change: given, tell } of lane.splice(0)) {
          const message = 'the bus was away';
          tell({
            ...base,
            eventId: given.id,
            status: fate,
            code: 'Away',
            message,
            possiblyAccepted: false,
          });
        }
        return;
      }
      lane.shift();
      if (fate === 'rejected') {
        head.tell({ ...base, status: fate, code: 'MalformedDetail', message: 'no' });
      } else {
        accepted.push(head.change);
        head.tell({ ...base, status: 'accepted', busEventId: 'b' });
      }
    }
  }

  const publishSettled = (
    given: PublishableEvent | readonly PublishableEvent[],
    options: PublishOptions = {},
  ): Promise<readonly PublishOutcome[]> => {
    const events = given as unknown as readonly Change[];
    return Promise.all(
      events.map(
        (each, index) =>
          new Promise<PublishOutcome>((resolve) => {
            const lane = lanes.get(each.key) ?? [];
            lanes.set(each.key, lane);
            const tell = (outcome: PublishOutcome): void => {
              if (reports === 'as decided') options.onOutcome?.(outcome, index);
              resolve(outcome);
            };
            const waiting: Waiting = { change: each, tell };
            lane.push(waiting);
            begin(lane);
            if (reports === 'when all are') return;
            options.signal?.addEventListener('abort', () => {
              const place = lane.indexOf(waiting);
              if (place < 0) return;
              lane.splice(place, 1);
              const base = { eventId: each.id, attempts: 0, message: 'aborted' };
              tell({ ...base, status: 'undelivered', code: 'Aborted', possiblyAccepted: false });
            });
          }),
      ),
    );
  };
  return { publishSettled, publish: async () => [], verify: async () => {}, close: async () => {} };
}

const change = fc.record({
  key: fc.constantFrom('a', 'b', 'c'),
  poison: fc.boolean(),
  fates: fc.array(fc.constantFrom('undelivered' as const, 'undelivered' as const), {
    maxLength: 3,
  }),
  rejected: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

test('every change is settled once, none overtakes within its key, and the poison is parked', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(change, { maxLength: 6 }), { minLength: 1, maxLength: 8 }),
      fc.constantFrom('as decided' as const, 'when all are' as const),
      fc.array(fc.constantFrom('hold' as const, 'release' as const, undefined), { maxLength: 8 }),
      async (batches, reports, holds) => {
        const accepted: Change[] = [];
        const parked: DeadLetter[] = [];
        let failures = 0;
        const settings = defineRelay({
          source: source as ChangeSource,
          publisher: scriptedPublisher(accepted, reports),
          deadLetters: {
            park: async (letters) => {
              // Every third time the store is away.
              failures += 1;
              if (failures % 3 === 0) throw new Error('the store is away');
              parked.push(...letters);
            },
          },
          retryBackoff: { baseMs: 1, capMs: 1 },
        });
        const delivery = createDelivery(settings, new AbortController().signal, (error) => {
          throw error;
        });
        let next = 0;
        const all: Change[] = [];
        for (const [index, batch] of batches.entries()) {
          const changes = batch.map(({ key, poison, fates, rejected }): Change => {
            next += 1;
            const id = poison ? `poison-${next}` : `event-${next}`;
            return { id, key, fates: rejected ? [...fates, 'rejected'] : fates };
          });
          all.push(...changes);
          delivery.submit([
            {
              records: changes.map((each) => ({ change: each, bytes: 10 })),
              position: positionOf(String(index)),
            },
          ]);
          if (holds[index] === 'hold') delivery.hold();
          if (holds[index] === 'release') void delivery.release();
          // Some batches are submitted while earlier ones are under way, some after.
          if (index % 2 === 0) await Promise.resolve();
        }
        await delivery.release();
        await delivery.empty();
        delivery.abandon();
        expect(delivery.watermark.checkpoint).toBe(String(batches.length - 1));
        const deliverable = all.filter(
          ({ id, fates }) => id.startsWith('event') && !fates.includes('rejected'),
        );
        expect(accepted.map(({ id }) => id).toSorted()).toEqual(
          deliverable.map(({ id }) => id).toSorted(),
        );
        for (const key of ['a', 'b', 'c']) {
          const of = (list: readonly Change[]): readonly string[] =>
            list.filter((each) => each.key === key).map(({ id }) => id);
          expect(of(accepted)).toEqual(of(deliverable));
        }
        expect(parked).toHaveLength(all.length - deliverable.length);
      },
    ),
    { numRuns: 60 },
  );
});
