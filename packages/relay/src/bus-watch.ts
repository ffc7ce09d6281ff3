import { setTimeout as delay } from 'node:timers/promises';
import { type Backoff, fullJitter, type VerificationProblem } from '@tidings/contract';
import { ConfigurationError } from './configuration-error.ts';
import type { Delivery } from './delivery.ts';
import { reasonOf } from './failure-reason.ts';
import { recurringLine } from './recurring-line.ts';
import type { RelaySettings } from './relay-options.ts';

/** Makes sure that the bus exists: EventBridge accepts and drops events for one that does not. */
export interface BusWatch {
  /**
   * Resolves when events may be published.
   * @throws ConfigurationError where the service does not let the relay in, or the bus does
   * not exist.
   */
  begin(): Promise<void>;
  /**
   * Looks again from time to time, until the signal is aborted; publishing is held while the
   * bus does not exist.
   */
  watch(): Promise<void>;
}

/** How soon a look follows one that did not find the bus. */
const AGAIN: Backoff = { baseMs: 1_000, capMs: 5_000 };

interface Seen {
  readonly problem: VerificationProblem | undefined;
  readonly reason: string;
}

export function busWatch(
  settings: RelaySettings<unknown>,
  delivery: Delivery,
  signal: AbortSignal,
): BusWatch {
  const { publisher, logger, verifyBus, busCheckIntervalMs } = settings;
  let isWatched = verifyBus;
  let seenAt = new Date();

  async function look(): Promise<Seen> {
    try {
      await publisher.verify({ bus: isWatched, signal });
      seenAt = new Date();
      delivery.busSeen();
      return { problem: undefined, reason: '' };
    } catch (error) {
      const { problem = 'access' } = error as { readonly problem?: VerificationProblem };
      return { problem, reason: reasonOf(error) };
    }
  }

  /** False when the signal was aborted meanwhile. */
  async function pause(ms: number): Promise<boolean> {
    return delay(ms, true, { signal }).catch(() => false);
  }

  function goOnUnseen(reason: string): void {
    isWatched = false;
    logger.warn({ reason }, 'whether the bus exists cannot be checked; publishing without it');
  }

  async function begin(): Promise<void> {
    const unanswered = recurringLine({
      afterMs: 0,
      waiting: (forMs) =>
        logger.warn({ reason, forMs }, 'waiting to learn whether the bus exists; asking again'),
    });
    let reason = '';
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      const seen = await look();
      if (seen.problem === undefined || signal.aborted) return;
      if (seen.problem === 'not-described') return goOnUnseen(seen.reason);
      if (seen.problem !== 'unanswered') throw new ConfigurationError(seen.reason);
      reason = seen.reason;
      unanswered.look(true);
      await pause(fullJitter(AGAIN, attempt));
    }
  }

  async function watch(): Promise<void> {
    let attempt = 0;
    let reason = '';
    const missing = recurringLine({
      afterMs: 0,
      waiting: (forMs) =>
        logger.error(
          { reason, forMs, seenAt, acceptedSince: delivery.acceptedSinceSeen, ...inFlight() },
          'the bus does not exist: nothing is published until it does, and what was accepted since it was seen last is probably lost; replay it',
        ),
      over: (forMs) => logger.info({ forMs }, 'the bus exists again; publishing'),
    });
    while (isWatched && (await pause(attempt === 0 ? busCheckIntervalMs : waitMs(attempt)))) {
      const seen = await look();
      if (signal.aborted) return;
      if (seen.problem === 'no-bus') {
        attempt += 1;
        reason = seen.reason;
        delivery.hold();
        missing.look(true);
      } else if (seen.problem === undefined) {
        attempt = 0;
        missing.look(false);
        await delivery.release();
      } else if (seen.problem === 'not-described' && attempt === 0) {
        goOnUnseen(seen.reason);
      } else if (attempt > 0) {
        // Held events stay held: nothing has shown that the bus exists.
        attempt += 1;
        missing.look(true);
      }
    }
  }

  function inFlight(): { readonly groups: number; readonly bytes: number } {
    const { groupsInFlight: groups, bytesInFlight: bytes } = delivery.watermark;
    return { groups, bytes };
  }

  return { begin, watch };
}

function waitMs(attempt: number): number {
  return fullJitter(AGAIN, attempt);
}
