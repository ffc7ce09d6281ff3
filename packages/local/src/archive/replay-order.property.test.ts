import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AcceptedEvent } from '../accepted-event.ts';
import { seededRandom } from '../seeded-random.ts';
import { inReplayOrder } from './replay-order.ts';

const windowStart = Date.UTC(2026, 0, 1, 10, 0, 17);
const event = (seq: number, time: number): AcceptedEvent =>
  new AcceptedEvent(
    {
      time,
      id: `${seq}`,
      bus: 'default',
      busArn: 'arn:aws:events:us-east-1:000000000000:event-bus/default',
      account: '000000000000',
      region: 'us-east-1',
      source: 's',
      detailType: 'd',
      resources: [],
      detail: '{}',
      eventId: undefined,
      idempotencyKey: undefined,
      acceptedAt: time,
      requestSeq: 1,
      entryIndex: 0,
      replayName: undefined,
      forwardedBy: undefined,
      traceHeader: undefined,
    },
    seq,
  );
const archived = fc
  .array(fc.integer({ min: 0, max: 10 * 60_000 }), { maxLength: 60 })
  .map((times) => times.map((after, seq) => event(seq, windowStart + after)));
const minuteOf = ({ time }: AcceptedEvent) => Math.floor((time - windowStart) / 60_000);

test('every event is sent once, minute after minute from the start of the window', () => {
  fc.assert(
    fc.property(archived, fc.integer(), (events, seed) => {
      const sent = inReplayOrder(events, windowStart, 'unordered', seededRandom(seed));
      expect(new Set(sent)).toEqual(new Set(events));
      expect(sent).toHaveLength(events.length);
      const minutes = sent.map(minuteOf);
      expect(minutes).toEqual(minutes.toSorted((a, b) => a - b));
    }),
  );
});

test('the same seed gives the same order, and another one another', () => {
  const events = Array.from({ length: 30 }, (_, seq) => event(seq, windowStart + seq));
  const order = (seed: number) =>
    inReplayOrder(events, windowStart, 'unordered', seededRandom(seed)).map(({ seq }) => seq);
  expect(order(7)).toEqual(order(7));
  expect(order(7)).not.toEqual(order(8));
  expect(order(7)).not.toEqual(events.map(({ seq }) => seq));
});

test('the order of acceptance is kept where it was chosen', () => {
  fc.assert(
    fc.property(archived, (events) => {
      expect(inReplayOrder(events, windowStart, 'accepted', Math.random)).toEqual(events);
    }),
  );
});
