/** Bounds of an exponential back-off, in milliseconds. */
export interface Backoff {
  /** Upper bound of the first delay. */
  readonly baseMs: number;
  /** Upper bound of every delay. */
  readonly capMs: number;
}

/**
 * Delay before retry number `attempt` (1 is the first): uniform between 0 and
 * `baseMs * 2^(attempt - 1)`, at most `capMs`. The whole range is drawn from, so
 * that clients which failed together do not come back together.
 */
export function fullJitter(
  backoff: Backoff,
  attempt: number,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(backoff.capMs, backoff.baseMs * 2 ** (attempt - 1));
  return random() * ceiling;
}
