import type { Entry } from './entry.ts';
import type { Ledger } from './ledger.ts';
import type { Failure } from './retry-policy.ts';

/**
 * One event until it is decided. It is always in exactly one place:
 *
 *     ready ──> in flight ──> decided
 *       ^           │
 *       └─ waiting <┘   after a retryable failure, until its own due time
 *
 * A deadline, an abort or a close decides it wherever it is; the place that holds it
 * then drops it on its way.
 */
export interface Item {
  readonly entry: Entry;
  /** `entry.bytes`, where the packing looks for it. */
  readonly bytes: number;
  readonly ledger: Ledger;
  readonly index: number;
  /** By the clock; `Infinity` without a deadline. */
  readonly deadlineAt: number;
  decided: boolean;
  attempts: number;
  failures: number;
  unknownFailures: number;
  /** By the clock, while it waits. */
  dueAt: number;
  possiblyAccepted: boolean;
  lastFailure: Failure | undefined;
  flight: Flight | undefined;
}

/** One request on its way. */
export interface Flight {
  readonly items: readonly Item[];
  readonly controller: AbortController;
  /** Items that are not decided yet. */
  live: number;
}

export function itemOf(entry: Entry, ledger: Ledger, index: number, deadlineAt: number): Item {
  return {
    entry,
    bytes: entry.bytes,
    ledger,
    index,
    deadlineAt,
    decided: false,
    attempts: 0,
    failures: 0,
    unknownFailures: 0,
    dueAt: 0,
    possiblyAccepted: false,
    lastFailure: undefined,
    flight: undefined,
  };
}

export function isDecided(item: Item): boolean {
  return item.decided;
}
