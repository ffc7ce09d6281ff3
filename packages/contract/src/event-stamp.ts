/** What events get that are made of a captured change, where `create`'s options say nothing. */
export interface EventStamp {
  /** When the change was committed: the events' `occurredAt`. */
  readonly occurredAt: Date;
  /**
   * The id of the next event of this kind, derived from the change. It is the idempotency
   * key as well where neither contract nor call gives one.
   */
  nextEventId(detailType: string): string;
}

const holder: unique symbol = Symbol.for('@tidings/contract.event-stamp');

// Kept in the global object, so that a second copy of this package in a bundle makes its
// events with the same stamp: with ids of its own, a redelivery would not be recognised.
const scope: { [holder]?: EventStamp | undefined } = globalThis as object;

/** The stamp of the mapping that runs; none outside of a capture. */
export function currentStamp(): EventStamp | undefined {
  return scope[holder];
}

/**
 * Runs a synchronous function in which `create` takes id, time and, where one is missing,
 * the idempotency key from the stamp. For captures: the same change gives the same events,
 * however often it is delivered.
 */
export function withStamp<Result>(stamp: EventStamp, run: () => Result): Result {
  const outer = scope[holder];
  scope[holder] = stamp;
  try {
    return run();
  } finally {
    scope[holder] = outer;
  }
}
