import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, reasonOf } from '@tidings/relay';
import type { CheckpointTable, LeaseItem } from './checkpoint-table.ts';

/** The right to read, held by one process at a time. */
export interface Lease {
  /** The term that is held; undefined where none is. */
  readonly term: number | undefined;
  /**
   * Waits until the lease is free, or its owner silent for `leaseMs`, and takes it; resolves
   * with undefined once `signal` is aborted. Keeps it until it is lost or let go.
   */
  acquire(signal: AbortSignal, logger: Logger): Promise<LeaseItem | undefined>;
  /** Aborted when the term that is held ends. */
  readonly lost: AbortSignal;
  /** Lets go. */
  release(): Promise<void>;
}

/** Shows itself alive so often while a lease lasts. */
const RENEWALS_A_LEASE = 3;

/**
 * A lease whose owner is alive as long as its counter moves: nobody compares clocks, a
 * standby only measures how long it has seen the same counter. The owner measures from when
 * it sent its last renewal that counted, which is earlier, so that it stops before another
 * begins.
 */
export function leaseOn(table: CheckpointTable, leaseMs: number): Lease {
  const owner = randomUUID();
  const intervalMs = Math.floor(leaseMs / RENEWALS_A_LEASE);
  let held: LeaseItem | undefined;
  let lost = new AbortController();
  let renewals: NodeJS.Timeout | undefined;
  let deadline: NodeJS.Timeout | undefined;

  function end(): void {
    clearInterval(renewals);
    clearTimeout(deadline);
    held = undefined;
    lost.abort();
  }

  /** Renews the lease until it ends: at its deadline at the latest, whatever requests do. */
  function keep(term: number, takenAt: number, logger: Logger): void {
    let renewedAt = takenAt;
    let reason = 'no answer';
    const moveDeadline = (): void => {
      clearTimeout(deadline);
      deadline = setTimeout(
        () => {
          logger.warn({ term, reason }, 'the lease could not be renewed');
          end();
        },
        renewedAt + leaseMs - performance.now(),
      );
    };
    const renew = async (): Promise<void> => {
      const sentAt = performance.now();
      try {
        const isOurs = await table.renewLease(term);
        if (held?.term !== term) return;
        if (!isOurs) {
          logger.warn({ term }, 'another reader has taken over');
          end();
          return;
        }
        // Answers may overtake each other, for none is waited for.
        renewedAt = Math.max(renewedAt, sentAt);
        moveDeadline();
      } catch (error) {
        reason = reasonOf(error);
      }
    };
    moveDeadline();
    renewals = setInterval(() => void renew(), intervalMs);
  }

  async function acquire(signal: AbortSignal, logger: Logger): Promise<LeaseItem | undefined> {
    let seen: LeaseItem | undefined;
    let seenAt = 0;
    let isStandby = false;
    while (!signal.aborted) {
      try {
        const now = await table.readLease();
        const moved = now?.term !== seen?.term || now?.renewals !== seen?.renewals;
        if (moved) seenAt = performance.now();
        seen = now;
        const isFree = seen?.owner === undefined || performance.now() - seenAt > leaseMs;
        if (isFree) {
          const takenAt = performance.now();
          const taken = await table.takeLease(seen, owner);
          if (taken !== undefined) {
            held = taken;
            lost = new AbortController();
            keep(taken.term, takenAt, logger);
            return taken;
          }
        } else if (!isStandby) {
          isStandby = true;
          logger.info({ owner: seen?.owner }, 'standing by: another reader has the lease');
        }
      } catch (error) {
        logger.warn({ reason: reasonOf(error) }, 'could not look at the lease; trying again');
      }
      await delay(intervalMs, undefined, { signal }).catch(() => {});
    }
    return undefined;
  }

  return {
    get term() {
      return held?.term;
    },
    get lost() {
      return lost.signal;
    },
    acquire,
    async release() {
      const term = held?.term;
      end();
      if (term !== undefined) await table.releaseLease(term);
    },
  };
}
