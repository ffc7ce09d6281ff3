import type {
  DeadLetter,
  PublishableEvent,
  Publisher,
  PublishOutcome,
  SealedEvent,
} from '@tidings/contract';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { silentLogger } from './logger.ts';
import { type BatchRecord, settleBatch } from './settle-batch.ts';

type Fate = 'accepted' | 'rejected' | 'rejected and parked' | 'undelivered';

function outcome(eventId: string, fate: Fate): PublishOutcome {
  const decided = { eventId, attempts: 1, code: 'Code', message: 'A sentence.' };
  switch (fate) {
    case 'accepted':
      return { status: 'accepted', eventId, attempts: 1, busEventId: `bus-${eventId}` };
    case 'rejected':
      return { status: 'rejected', ...decided };
    case 'rejected and parked':
      return { status: 'rejected', ...decided, parked: true };
    case 'undelivered':
      return { status: 'undelivered', ...decided, possiblyAccepted: false };
  }
}

/** A bus whose answers come in an order that the case decides. */
function scriptedPublisher(fates: ReadonlyMap<string, Fate>, pick: (count: number) => number) {
  const sent: string[] = [];
  const accepted: string[] = [];
  const waiting: (() => void)[] = [];
  let turning = false;

  async function turn(): Promise<void> {
    turning = true;
    while (waiting.length > 0) {
      // Whatever can begin meanwhile does.
      await new Promise((resolve) => setImmediate(resolve));
      waiting.splice(pick(waiting.length), 1)[0]?.();
    }
    turning = false;
  }

  const publisher: Pick<Publisher, 'publishSettled'> = {
    publishSettled(events, options) {
      const list = events as readonly SealedEvent[];
      const outcomes: PublishOutcome[] = [];
      let undecided = list.length;
      return new Promise((resolve) => {
        list.forEach(({ eventId }, index) => {
          sent.push(eventId);
          waiting.push(() => {
            const decided = outcome(eventId, fates.get(eventId) ?? 'accepted');
            outcomes[index] = decided;
            if (decided.status === 'accepted') accepted.push(eventId);
            options?.onOutcome?.(decided, index);
            undecided -= 1;
            if (undecided === 0) resolve(outcomes);
          });
        });
        if (!turning) void turn();
      });
    },
  };
  return { publisher: publisher as Publisher, sent, accepted };
}

const event = (eventId: string): PublishableEvent => ({ eventId, detail: '{}' }) as never;
const letter = (code: string): DeadLetter => ({ code, reason: 'A sentence.', source: 'feed' });

const record = fc.record({
  lane: fc.constantFrom('a', 'b', 'c', 'd'),
  fates: fc.oneof(
    fc.constant('poison' as const),
    fc.array(
      fc.constantFrom<Fate>(
        ...new Array<Fate>(8).fill('accepted'),
        'rejected',
        'rejected and parked',
        'undelivered',
      ),
      { maxLength: 3 },
    ),
  ),
});

test('the first unsettled record is told, lanes keep their order, and nothing goes twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { maxLength: 20 }),
      fc.infiniteStream(fc.nat(1_000)),
      fc.boolean(),
      async (batch, picks, hasDeadLetters) => {
        const fates = new Map<string, Fate>();
        const records: BatchRecord[] = batch.map(({ lane, fates: each }, index) => {
          if (each === 'poison') {
            return { lane, captured: { kind: 'poison', letter: letter(`poison-${index}`) } };
          }
          const ids = each.map((fate, n) => {
            fates.set(`${index}-${n}`, fate);
            return `${index}-${n}`;
          });
          return { lane, captured: { kind: 'events', events: ids.map(event) } };
        });
        const bus = scriptedPublisher(fates, (count) => (picks.next().value as number) % count);
        const parked: DeadLetter[] = [];
        const first = await settleBatch(records, {
          publisher: bus.publisher,
          deadLetters: hasDeadLetters
            ? { park: async (letters) => void parked.push(...letters) }
            : undefined,
          logger: silentLogger,
          source: 'feed',
          answerWithinMs: Number.POSITIVE_INFINITY,
        });

        const settles = ({ fates: each }: (typeof batch)[number]): boolean =>
          each === 'poison'
            ? hasDeadLetters
            : each.every(
                (fate) =>
                  fate === 'accepted' ||
                  fate === 'rejected and parked' ||
                  (fate === 'rejected' && hasDeadLetters),
              );
        const expected = batch.findIndex((each) => !settles(each));
        expect(first).toBe(expected === -1 ? undefined : expected);
        expect(new Set(bus.sent).size).toBe(bus.sent.length);
        // In a lane, a record is begun when the one before it is settled.
        for (const lane of ['a', 'b', 'c', 'd']) {
          const indexes = bus.sent
            .map((id) => Number(id.split('-')[0]))
            .filter((index) => batch[index]?.lane === lane);
          expect(indexes).toEqual(indexes.toSorted((one, other) => one - other));
          const unsettled = batch.findIndex((each) => each.lane === lane && !settles(each));
          if (unsettled !== -1) expect(Math.max(-1, ...indexes)).toBeLessThanOrEqual(unsettled);
        }
        // Every record before the first unsettled one is with the bus or parked.
        batch.slice(0, first).forEach(({ fates: each }, index) => {
          if (each === 'poison')
            expect(parked.map(({ code }) => code)).toContain(`poison-${index}`);
          else {
            each.forEach((fate, n) => {
              if (fate === 'accepted') expect(bus.accepted).toContain(`${index}-${n}`);
              if (fate === 'rejected') {
                expect(parked.map((each) => (each.event as SealedEvent)?.eventId)).toContain(
                  `${index}-${n}`,
                );
              }
            });
          }
        });
      },
    ),
  );
});

const one: readonly BatchRecord[] = [
  { lane: 'a', captured: { kind: 'events', events: [event('1')] } },
];
const defaults = {
  deadLetters: undefined,
  logger: silentLogger,
  source: 'feed',
  answerWithinMs: Number.POSITIVE_INFINITY,
};

test('a publisher that never answers does not hold up the answer', async () => {
  let signal: AbortSignal | undefined;
  const publisher = {
    publishSettled: (_: unknown, options: { signal: AbortSignal }) => {
      signal = options.signal;
      return new Promise(() => {});
    },
  } as never;
  expect(await settleBatch(one, { ...defaults, publisher, answerWithinMs: 20 })).toBe(0);
  expect(signal?.aborted).toBe(true);
});

test('without time nothing is begun', async () => {
  const { publisher, sent } = scriptedPublisher(new Map(), () => 0);
  expect(await settleBatch(one, { ...defaults, publisher, answerWithinMs: -5 })).toBe(0);
  expect(sent).toEqual([]);
});

test('a publisher that rejects leaves its records unsettled', async () => {
  const publisher = {
    publishSettled: () => Promise.reject(new Error('This publisher is closed')),
  } as never;
  expect(await settleBatch(one, { ...defaults, publisher })).toBe(0);
});

test('a publisher that tells its outcomes at the end only is understood', async () => {
  const publisher = {
    publishSettled: async () => [outcome('1', 'accepted')],
  } as never;
  expect(await settleBatch(one, { ...defaults, publisher })).toBeUndefined();
});

test('one letter that cannot be kept does not keep the others out', async () => {
  const records: readonly BatchRecord[] = ['small', 'large', 'small too'].map((code) => ({
    lane: code,
    captured: { kind: 'poison', letter: letter(code) },
  }));
  const parked: string[] = [];
  const deadLetters = {
    park: async (letters: readonly DeadLetter[]) => {
      if (letters.some(({ code }) => code === 'large')) throw new Error('too large');
      parked.push(...letters.map(({ code }) => code));
    },
  };
  const { publisher } = scriptedPublisher(new Map(), () => 0);
  expect(await settleBatch(records, { ...defaults, publisher, deadLetters })).toBe(1);
  expect(parked).toEqual(['small', 'small too']);
});
