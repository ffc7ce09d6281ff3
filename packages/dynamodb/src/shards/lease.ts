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
 * standby only measures how long it has seen the same counter.
 */
export function leaseOn(table: CheckpointTable, leaseMs: number): Lease {
  const owner = randomUUID();
  const intervalMs = Math.floor(leaseMs / RENEWALS_A_LEASE);
  let held: LeaseItem | undefined;
  let lost = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  function end(): void {
    clearTimeout(timer);
    held = undefined;
    lost.abort();
  }

  function keep(term: number, logger: Logger): void {
    let renewedAt = performance.now();
    const renew = async (): Promise<void> => {
      try {
        const isOurs = await table.renewLease(term);
        if (held?.term !== term) return;
        if (!isOurs) {
          logger.warn({ term }, 'another reader has taken over');
          end();
          return;
        }
        renewedAt = performance.now();
      } catch (error) {
        if (held?.term !== term) return;
        // Another may take over from here on, so that reading must stop.
        if (performance.now() - renewedAt > leaseMs) {
          logger.warn({ term, reason: reasonOf(error) }, 'the lease could not be renewed');
          end();
          return;
        }
      }
      timer = setTimeout(() => void renew(), intervalMs);
    };
    timer = setTimeout(() => void renew(), intervalMs);
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
          const taken = await table.takeLease(seen, owner);
          if (taken !== undefined) {
            held = taken;
            lost = new AbortController();
            keep(taken.term, logger);
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
