import { tallyOf } from '@tidings/example-orders/tally';
import type { RemoteEvent } from '@tidings/local';
import { expect, test } from 'vitest';

let seq = 0;
function delivery(eventId: string, idempotencyKey: string, acceptedAt: number): RemoteEvent {
  seq += 1;
  const envelope = { detail: { metadata: { eventId, idempotencyKey }, data: {} } };
  return { seq, acceptedAt, envelope } as unknown as RemoteEvent;
}

test('counts what is lost, invented and repeated, and how late the first came', () => {
  const placed = {
    committedAt: new Map([
      ['a', 100],
      ['b', 200],
      ['c', 300],
    ]),
    rolledBack: new Set(['z']),
  };
  const tally = tallyOf(placed, [
    delivery('1', 'a', 110),
    delivery('2', 'b', 190),
    delivery('1', 'a', 500),
    delivery('9', 'b', 500),
    delivery('8', 'z', 500),
  ]);
  expect(tally).toEqual({
    placed: 3,
    rolledBack: 1,
    distinct: 3,
    lost: 1,
    phantom: 1,
    duplicates: 2,
    unrecognisable: 1,
    latencyP50Ms: 10,
    latencyP99Ms: 10,
  });
});
