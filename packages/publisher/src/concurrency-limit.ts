import { fullJitter } from '@tidings/contract';
import type { Clock } from './clock.ts';

/** How many requests may be in flight, by what the service says of throttling. */
export interface ConcurrencyLimit {
  readonly current: number;
  /** By the clock: no request should leave before. 0 where nothing holds them back. */
  readonly resumeAt: number;
  /**
   * Takes note of an answer. `throttledShare` is 1 for a throttled request, and for an
   * answered one the share of its entries that were throttled. Returns true where
   * `current` changed by at least one.
   */
  answered(startedAt: number, throttledShare: number, retryAfterMs: number): boolean;
}

/** Weight of the newest answer in the average share of throttled entries. */
const NEWEST = 0.1;
/** Below it the limit grows by one a round of answers. */
const CALM_SHARE = 0.1;
/**
 * From it on the limit shrinks. Throttling of single entries stays below: those are
 * sent again while the others go on, and a smaller limit would only slow both.
 */
const CROWDED_SHARE = 0.25;
const SHRINK = 0.7;

/** Where one request at a time is still too much, all of them pause. */
const PAUSE = { baseMs: 50, capMs: 5_000 };

/**
 * Additive increase, multiplicative decrease, at most once a round: only answers to
 * requests that left after the last decrease tell whether it was enough.
 */
export function concurrencyLimit(
  most: number,
  clock: Clock,
  random: () => number,
): ConcurrencyLimit {
  let limit = most;
  let share = 0;
  let shrunkAt = Number.NEGATIVE_INFINITY;
  let pauses = 0;
  let resumeAt = 0;
  return {
    get current() {
      return Math.floor(limit);
    },
    get resumeAt() {
      return resumeAt;
    },
    answered(startedAt, throttledShare, retryAfterMs) {
      const before = Math.floor(limit);
      share += (throttledShare - share) * NEWEST;
      const now = clock.now();
      if (throttledShare < 1) {
        pauses = 0;
        resumeAt = 0;
      } else if (before === 1 || retryAfterMs > 0) {
        pauses += 1;
        resumeAt = now + Math.max(retryAfterMs, fullJitter(PAUSE, pauses, random));
      }
      if (share >= CROWDED_SHARE && throttledShare > 0 && startedAt > shrunkAt) {
        limit = Math.max(1, limit * SHRINK);
        shrunkAt = now;
      } else if (share < CALM_SHARE && throttledShare < 1) {
        limit = Math.min(most, limit + 1 / limit);
      }
      return Math.floor(limit) !== before;
    },
  };
}
