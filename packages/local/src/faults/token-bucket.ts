import type { Clock } from '../clock.ts';
import type { FaultAction } from './fault.ts';

/** Counts what is still allowed. */
export interface TokenBucket {
  /** Pays for a request of so many entries; the result is the entries that go beyond. */
  take(entryCount: number): readonly number[];
}

/** A bucket that begins full, holds `burst` tokens and gains `ratePerSec` a second. */
export function tokenBucket(
  action: Extract<FaultAction, { type: 'token-bucket' }>,
  clock: Clock,
): TokenBucket {
  let tokens = action.burst;
  let filledAt = clock.now();
  return {
    take(entryCount) {
      const now = clock.now();
      tokens = Math.min(action.burst, tokens + ((now - filledAt) / 1000) * action.ratePerSec);
      filledAt = now;
      const all = Array.from({ length: Math.max(1, entryCount) }, (_, index) => index);
      if (action.unit === 'requests' || action.scope === 'request') {
        const price = action.unit === 'requests' ? 1 : all.length;
        // A request dearer than the whole bucket passes when the bucket is full:
        // otherwise it could never pass at all.
        if (tokens < Math.min(price, action.burst)) return all;
        tokens -= price;
        return [];
      }
      const allowed = Math.min(all.length, Math.floor(tokens));
      tokens -= allowed;
      return all.slice(allowed);
    },
  };
}
