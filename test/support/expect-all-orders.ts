import { expect } from 'vitest';

/** The parts of an accepted event that tell whose it is. */
export interface OrderEvent {
  readonly eventId: string | undefined;
  readonly idempotencyKey: string | undefined;
}

/**
 * Every committed order is on the bus, nothing that was rolled back is, and each
 * duplicate carries the eventId of the first. Returns how many duplicates there were.
 */
export function expectAllOrders(
  committed: ReadonlySet<string>,
  events: readonly OrderEvent[],
): number {
  const eventIdOf = new Map<string, string | undefined>();
  for (const { eventId, idempotencyKey = '' } of events) {
    if (eventIdOf.has(idempotencyKey)) expect(eventId).toBe(eventIdOf.get(idempotencyKey));
    eventIdOf.set(idempotencyKey, eventId);
  }
  expect([...eventIdOf.keys()].toSorted()).toEqual([...committed].toSorted());
  return events.length - eventIdOf.size;
}

/** For `waitFor`: says yes to the event that completes the keys. */
export function everyKey(keys: ReadonlySet<string>): (event: OrderEvent) => boolean {
  const missing = new Set(keys);
  return ({ idempotencyKey = '' }) => {
    missing.delete(idempotencyKey);
    return missing.size === 0;
  };
}
