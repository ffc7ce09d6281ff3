import { type Fault, startLocalBus } from '@tidings/local';
import { eventBridgePublisher } from '@tidings/publisher';
import { leanPublisher } from '@tidings/publisher/lean';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sealedOrder } from '../support/sealed-order.ts';

let bus: Awaited<ReturnType<typeof startLocalBus>>;
beforeAll(async () => {
  bus = await startLocalBus({ buses: ['orders'] });
});
afterAll(() => bus.stop());
beforeEach(() => bus.reset());

const makers = [
  ['sdkTransport', eventBridgePublisher],
  ['leanTransport', leanPublisher],
] as const;

/** A third of the requests are hit, the first among them. */
const often = { every: 3 } as const;
// Where a time-out ends a request, or an answer says nothing, the bus may hold the events
// already: then they may come twice.
const faults: readonly [string, Fault, { duplicates: boolean; requestTimeoutMs?: number }][] = [
  [
    'entries fail',
    { when: often, action: { type: 'entry-fail', code: 'InternalFailure', fraction: 0.4 } },
    { duplicates: false },
  ],
  [
    'entries are throttled',
    { when: often, action: { type: 'entry-fail', code: 'ThrottlingException', fraction: 0.4 } },
    { duplicates: false },
  ],
  [
    'requests are throttled',
    { when: often, action: { type: 'request-fail', preset: 'throttle' } },
    { duplicates: false },
  ],
  [
    'requests are answered with 429',
    { when: often, action: { type: 'request-fail', preset: '429' } },
    { duplicates: false },
  ],
  [
    'requests are answered with 500',
    { when: often, action: { type: 'request-fail', preset: '500' } },
    { duplicates: false },
  ],
  [
    'requests are answered with 503',
    { when: often, action: { type: 'request-fail', preset: '503' } },
    { duplicates: false },
  ],
  [
    'requests are too large for something on the way',
    { when: { first: 3 }, action: { type: 'request-fail', preset: '413-empty' } },
    { duplicates: false },
  ],
  [
    'connections are reset before the bus has taken the events',
    { when: often, action: { type: 'before-commit', symptom: 'reset' } },
    { duplicates: false },
  ],
  [
    'connections are reset after the bus has taken the events',
    { when: often, action: { type: 'commit-then', symptom: 'reset' } },
    { duplicates: true },
  ],
  [
    'answers are cut off',
    { when: often, action: { type: 'commit-then', symptom: 'truncate' } },
    { duplicates: true },
  ],
  [
    'the bus hangs',
    { when: { first: 2 }, action: { type: 'before-commit', symptom: 'hang' } },
    { duplicates: true, requestTimeoutMs: 300 },
  ],
  [
    'the bus hangs with the events',
    { when: { first: 2 }, action: { type: 'commit-then', symptom: 'hang' } },
    { duplicates: true, requestTimeoutMs: 300 },
  ],
  [
    'answers are empty',
    { when: often, action: { type: 'bad-response', body: 'empty' } },
    { duplicates: true },
  ],
  [
    'answers are HTML',
    { when: often, action: { type: 'bad-response', body: 'html' } },
    { duplicates: true },
  ],
  [
    'answers are short',
    { when: often, action: { type: 'bad-response', body: 'short-entries' } },
    { duplicates: true },
  ],
  [
    'answers are long',
    { when: often, action: { type: 'bad-response', body: 'extra-entries' } },
    { duplicates: true },
  ],
  [
    'the service lets 50 requests a second in',
    {
      action: {
        type: 'token-bucket',
        ratePerSec: 50,
        burst: 5,
        unit: 'requests',
        scope: 'request',
      },
    },
    { duplicates: false },
  ],
];

describe.each(makers)('%s where', (_, makePublisher) => {
  it.each(faults)(
    '%s loses nothing',
    async (__, fault, { duplicates, requestTimeoutMs = 30_000 }) => {
      bus.setFaults([fault]);
      const publisher = makePublisher({
        eventBusName: 'orders',
        region: 'us-east-1',
        endpoint: bus.url,
        credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
        concurrency: 4,
        requestTimeoutMs,
        deadlineMs: Number.POSITIVE_INFINITY,
        backoff: { baseMs: 1, capMs: 20 },
        throttledBackoff: { baseMs: 1, capMs: 50 },
      });
      const orders = Array.from({ length: 300 }, (___, index) => sealedOrder(`e${index}`));
      const outcomes = await publisher.publish(orders);
      expect(outcomes.map(({ eventId }) => eventId)).toEqual(orders.map(({ eventId }) => eventId));
      expect(bus.lost()).toEqual([]);
      const ids = bus.events.map(({ eventId }) => eventId);
      expect(new Set(ids).size).toBe(300);
      if (!duplicates) expect(ids).toHaveLength(300);
      await publisher.close();
    },
  );
});
