import type { PublishOutcome } from '@tidings/contract';
import { publisherOver } from '@tidings/publisher';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Move, modelBus } from '../support/model-bus.ts';
import { sealedOrder } from '../support/sealed-order.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const entryCode = fc.constantFrom(
  undefined,
  undefined,
  'ThrottlingException',
  'InternalFailure',
  'MalformedDetail',
  'SomethingNew',
  'AccessDeniedException',
  'ExpiredTokenException',
);
/** What says nothing about an event, on a request or on an entry. */
const BLAMELESS = ['AccessDeniedException', 'ExpiredTokenException', 'ThrottlingException'];
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({
    kind: fc.constant('answer' as const),
    codes: fc.array(entryCode, { minLength: 10, maxLength: 10 }),
  }),
  fc.constantFrom<Move>(
    { kind: 'fail', code: 'ThrottlingException', status: 400 },
    { kind: 'fail', code: 'Http429', status: 429 },
    { kind: 'fail', code: 'InternalException', status: 500 },
    { kind: 'fail', code: 'ServiceUnavailable', status: 503 },
    { kind: 'fail', code: 'Http413', status: 413 },
    { kind: 'fail', code: 'ValidationException', status: 400 },
    { kind: 'fail', code: 'AccessDeniedException', status: 403 },
    { kind: 'fail', code: 'Http503', status: 503, retryAfterMs: 3_000_000_000 },
    { kind: 'fail', code: 'ThrottlingException', status: 400, retryAfterMs: 86_400_000 },
    { kind: 'fail', code: 'ThrottlingException', status: 400, retryAfterMs: Number.NaN },
    { kind: 'fail', code: 'Http503', status: 503, retryAfterMs: -1 },
    { kind: 'fail', code: 'ECONNREFUSED', status: undefined },
    { kind: 'fail', code: 'NeverHeardOf', status: 400 },
    { kind: 'commit, then fail', code: 'ECONNRESET' },
    { kind: 'commit, then fail', code: 'InternalException', status: 500 },
    { kind: 'hang', commits: true },
    { kind: 'hang', commits: false },
    { kind: 'short answer' },
    { kind: 'throw' },
    { kind: 'nonsense', body: undefined, commits: true },
    { kind: 'nonsense', body: {}, commits: true },
    { kind: 'nonsense', body: { FailedEntryCount: 0, Entries: 'all' }, commits: true },
    {
      kind: 'nonsense',
      body: { FailedEntryCount: 0, Entries: new Array(10).fill({}) },
      commits: true,
    },
    { kind: 'nonsense', body: '<html></html>', commits: false },
  ),
);

interface Call {
  /** Since the call before it. */
  readonly pauseMs: number;
  readonly keys: readonly (string | undefined)[];
  readonly sizes: readonly number[];
  readonly poisoned: readonly boolean[];
}
const MAX_REQUEST_BYTES = 20_000;
const call: fc.Arbitrary<Call> = fc.record({
  pauseMs: fc.constantFrom(0, 0, 1, 100, 420),
  keys: fc.array(fc.constantFrom(undefined, 'a', 'b', 'c'), { minLength: 30, maxLength: 30 }),
  sizes: fc.array(fc.constantFrom(0, 10, 500, 3_000, 9_000, 25_000), { maxLength: 30 }),
  poisoned: fc.array(fc.constantFrom(false, false, false, false, true), {
    minLength: 30,
    maxLength: 30,
  }),
});
const settings = fc.record({
  ordering: fc.constantFrom('none' as const, 'key' as const),
  concurrency: fc.integer({ min: 1, max: 4 }),
  lingerMs: fc.constantFrom(0, 0, 20),
  deadlineMs: fc.constantFrom(400, 30_000, Number.POSITIVE_INFINITY),
  maxAttempts: fc.constantFrom(3, Number.POSITIVE_INFINITY),
  latencyMs: fc.constantFrom(1, 30),
  maxRetryAfterMs: fc.constantFrom(0, 50, 120_000),
});

describe('publisher over a model of the service', () => {
  it('settles every event once, in order, and resends nothing accepted', async () => {
    const property = fc.asyncProperty(
      fc.array(call, { minLength: 1, maxLength: 4 }),
      fc.array(move, { maxLength: 25 }),
      settings,
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 7, maxLength: 7 }),
      async (calls, moves, { latencyMs, ...options }, draws) => {
        const clock = virtualClock();
        const poison = new Set<string>();
        const published: string[] = [];
        const batches = calls.map(({ sizes, poisoned, keys }, callIndex) =>
          sizes.map((size, index) => {
            const id = `${callIndex}-${index}`;
            if (poisoned[index] === true) poison.add(id);
            published.push(id);
            return sealedOrder(id, size, keys[index]);
          }),
        );
        const bus = modelBus({ clock, latencyMs, moves, poison });
        let drawn = 0;
        const publisher = publisherOver(bus, {
          eventBusName: 'orders',
          ...options,
          maxRequestBytes: MAX_REQUEST_BYTES,
          requestTimeoutMs: 200,
          clock,
          random: () => draws[drawn++ % draws.length] ?? 0,
        });
        let startMs = 0;
        const startsMs = calls.map(({ pauseMs }) => (startMs += pauseMs));
        const heard = batches.map((): (PublishOutcome | undefined)[] => []);
        const results = await clock.until(
          Promise.all(
            batches.map(async (events, callIndex) => {
              const delayMs = startsMs[callIndex] ?? 0;
              if (delayMs > 0) await clock.sleep(delayMs);
              return publisher.publishSettled(events, {
                onOutcome: (outcome, index) => {
                  expect(heard[callIndex]?.[index]).toBeUndefined();
                  const told = heard[callIndex];
                  if (told !== undefined) told[index] = outcome;
                },
              });
            }),
          ),
        );

        for (const [callIndex, outcomes] of results.entries()) {
          const events = batches[callIndex] ?? [];
          expect(outcomes.map((outcome) => outcome.eventId)).toEqual(
            events.map((event) => event.eventId),
          );
          expect(heard[callIndex]).toEqual(outcomes);
          for (const [index, outcome] of outcomes.entries()) {
            const { eventId } = outcome;
            if ((calls[callIndex]?.sizes[index] ?? 0) > MAX_REQUEST_BYTES) {
              expect(outcome).toMatchObject({ status: 'rejected', code: 'EventTooLarge' });
            } else if (outcome.status === 'accepted') {
              expect(bus.told.get(eventId)).toBe(outcome.busEventId);
            } else if (bus.told.has(eventId)) {
              // Its answer was on the way when the deadline came.
              expect(outcome).toMatchObject({ status: 'undelivered', possiblyAccepted: true });
            }
            if (outcome.status === 'rejected') expect(BLAMELESS).not.toContain(outcome.code);
            if (outcome.status === 'undelivered' && !outcome.possiblyAccepted) {
              expect(bus.held.has(eventId)).toBe(false);
            }
          }
        }
        expect(bus.sentAfterAccepted).toEqual([]);
        // However long the bus asked to wait, 25 waits of two minutes are the most.
        expect(clock.now()).toBeLessThan(25 * 120_000 + 60_000);
        for (const { entries, bytes } of bus.requests) {
          expect(entries.length).toBeGreaterThan(0);
          expect(entries.length).toBeLessThanOrEqual(10);
          expect(bytes).toBeLessThanOrEqual(MAX_REQUEST_BYTES);
        }
        expect(bus.mostInFlight).toBeLessThanOrEqual(options.concurrency);
        if (options.ordering === 'key') {
          expect(bus.crowdedKeys).toEqual([]);
          for (const accepted of bus.acceptedByKey.values()) {
            expect(accepted).toEqual(published.filter((id) => accepted.includes(id)));
          }
        }
        await clock.until(publisher.close());
        expect(clock.pending).toBe(0);
      },
    );
    await fc.assert(property, { numRuns: 400 });
  });

  it('leaves no timer once everything is decided', async () => {
    const clock = virtualClock();
    const bus = modelBus({
      clock,
      latencyMs: 5,
      moves: [{ kind: 'fail', code: 'ThrottlingException', status: 400 }],
    });
    const publisher = publisherOver(bus, { eventBusName: 'orders', clock, lingerMs: 50 });
    const events = Array.from({ length: 23 }, (_, index) => sealedOrder(`e${index}`));
    await clock.until(publisher.publish(events));
    expect(clock.pending).toBe(0);
  });
});
