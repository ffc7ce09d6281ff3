import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@tidings/relay';
import type { LeaseHolder } from './slot-lease.ts';

/** How often a relay that waits for the slot looks for it, milliseconds. */
const LOOK_EVERY_MS = 250;
/** How often it says so, milliseconds. */
const SAY_EVERY_MS = 10_000;

/** Waits beside another relay, and says on whom: at once, then every ten seconds. */
export class StandBy {
  readonly #slot: string;
  readonly #logger: Logger;
  #since: number | undefined;
  #saidAt = 0;

  constructor(slot: string, logger: Logger) {
    this.#slot = slot;
    this.#logger = logger;
  }

  /** Waits a moment; resolves early when `signal` is aborted. */
  async wait(holder: LeaseHolder | undefined, signal: AbortSignal): Promise<void> {
    const now = performance.now();
    this.#since ??= now;
    if (this.#saidAt === 0 || now - this.#saidAt > SAY_EVERY_MS) {
      this.#saidAt = now;
      const waitedForMs = Math.round(now - this.#since);
      this.#logger.info(
        { slot: this.#slot, ...holder, waitedForMs },
        'standing by: another relay holds the slot',
      );
    }
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }

  /** The wait is over. */
  end(): void {
    this.#since = undefined;
    this.#saidAt = 0;
  }
}
