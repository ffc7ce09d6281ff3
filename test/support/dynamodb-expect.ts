import { expect } from 'vitest';
import type { OrderEvent } from './expect-all-orders.ts';

/**
 * Every fact is on the bus, nothing else is, and each duplicate carries the eventId of the
 * first. Returns how many duplicates there were.
 */
export function expectAllFacts(
  facts: ReadonlyMap<string, readonly string[]>,
  events: readonly OrderEvent[],
): number {
  const eventIds = new Map<string, string | undefined>();
  for (const { eventId, idempotencyKey = '' } of events) {
    if (eventIds.has(idempotencyKey)) expect(eventId).toBe(eventIds.get(idempotencyKey));
    else eventIds.set(idempotencyKey, eventId);
  }
  const expected = [...facts.values()].flat();
  expect([...eventIds.keys()].toSorted()).toEqual(expected.toSorted());
  return events.length - eventIds.size;
}

/** The facts of each item were accepted in their order, but for duplicates. */
export function expectItemOrder(
  facts: ReadonlyMap<string, readonly string[]>,
  events: readonly OrderEvent[],
): void {
  const order = [...new Set(events.map(({ idempotencyKey = '' }) => idempotencyKey))];
  for (const of of facts.values()) {
    expect(order.filter((key) => of.includes(key))).toEqual(of);
  }
}
