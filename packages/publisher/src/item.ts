import type { Entry } from './entry.ts';
import type { Ledger } from './ledger.ts';
import type { Failure } from './retry-policy.ts';

/**
 * One event until it is decided. It is always in exactly one place:
 *
 *     in its lane ──> ready ──> in flight ──> decided ──> told
 *                       ^           │
 *                       └─ waiting <┘   after a retryable failure, until its due time
 *
 * Without lanes it starts as ready; an event that is too large is shrunk on the way
 * there. A deadline, an abort or a close decides it wherever it is, and the place that
 * holds it drops it on its way. Between decided and told lies the dead letter, where
 * there is one.
 */
export interface Item {
  /** Replaced where a claim check shrinks the event. */
  entry: Entry;
  /** `entry.bytes`, where the packing looks for it. */
  bytes: number;
  readonly ledger: Ledger;
  readonly index: number;
  /** By the clock. */
  readonly startedAt: number;
  /** By the clock; `Infinity` without a deadline. */
  readonly deadlineAt: number;
  decided: boolean;
  /** Requests that have carried it. */
  attempts: number;
  /** Attempts, those included that ended before a request was sent. */
  tries: number;
  failures: number;
  uncertainFailures: number;
  /** By the clock, while it waits. */
  dueAt: number;
  possiblyAccepted: boolean;
  lastFailure: Failure | undefined;
  flight: Flight | undefined;
}

/** One request on its way. */
export interface Flight {
  readonly id: number;
  readonly items: readonly Item[];
  readonly controller: AbortController;
  /** By the clock. */
  readonly startedAt: number;
  /** Items that are not decided yet. */
  live: number;
  /** False until the request begins to leave, where the transport tells. */
  isSent: boolean;
  /** All of its items were given up before it was sent: it never will be. */
  isWithdrawn: boolean;
}

export function itemOf(
  entry: Entry,
  ledger: Ledger,
  index: number,
  startedAt: number,
  deadlineMs: number,
): Item {
  return {
    entry,
    bytes: entry.bytes,
    ledger,
    index,
    startedAt,
    deadlineAt: startedAt + deadlineMs,
    decided: false,
    attempts: 0,
    tries: 0,
    failures: 0,
    uncertainFailures: 0,
    dueAt: 0,
    possiblyAccepted: false,
    lastFailure: undefined,
    flight: undefined,
  };
}

export function isDecided(item: Item): boolean {
  return item.decided;
}
