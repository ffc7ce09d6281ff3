import { setTimeout as delay } from 'node:timers/promises';
import type { Delivery } from './delivery.ts';
import type { RelaySettings } from './relay-options.ts';

/** Where the bus has taken nothing for so long, a start later may do better. */
const STALLED_MS = 5_000;
/** It is given one more chance, whatever went before. */
const LEAST_MS = 1_000;
const LOOK_EVERY_MS = 100;

/**
 * Waits until nothing is in flight, for at most `drainTimeoutMs`, and less where the bus does
 * not take events: what is undecided then is read again at the next start. A relay that has
 * failed waits no longer.
 */
export async function drain(
  delivery: Delivery,
  { drainTimeoutMs, logger }: Pick<RelaySettings<unknown>, 'drainTimeoutMs' | 'logger'>,
  hasFailed: () => boolean,
): Promise<void> {
  const began = performance.now();
  let isEmpty = false;
  const empty = delivery.empty().then(() => {
    isEmpty = true;
  });
  while (!(isEmpty || hasFailed())) {
    const now = performance.now();
    const isLate = now - began >= drainTimeoutMs;
    const isStalled = delivery.isStalled && now - delivery.lastProgressAt >= STALLED_MS;
    if (isLate || (isStalled && now - began >= LEAST_MS)) {
      const { groupsInFlight: groups } = delivery.watermark;
      logger.warn(
        { groups, drainTimeoutMs, forMs: Math.round(now - began) },
        'draining took too long; what is undecided is read again at the next start',
      );
      return;
    }
    const timer = new AbortController();
    const look = delay(LOOK_EVERY_MS, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([empty, look]);
    timer.abort();
  }
}
