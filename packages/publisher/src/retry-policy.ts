import { type Backoff, fullJitter } from '@tidings/contract';
import type { FailureKind } from './failure-table.ts';

/** What went wrong with one attempt of one event. */
export interface Failure {
  readonly kind: FailureKind;
  readonly code: string;
  readonly message: string;
  /** The wait that the service asked for, bounded; 0 where it asked for none. */
  readonly retryAfterMs: number;
  /**
   * Who is suspected: the event, if its own result carried a code that may be about it; the
   * request, and with it everything that is sent, otherwise.
   */
  readonly scope: 'entry' | 'request';
  /** True where the bus may hold the event although the attempt failed. */
  readonly mayHaveBeenAccepted: boolean;
}

/** What an event has been through. */
export interface AttemptRecord {
  /** Attempts to send it. */
  readonly tries: number;
  /** Failures so far, this one included. */
  readonly failures: number;
  /** Those of kind `uncertain`, this one included. */
  readonly uncertainFailures: number;
}

export interface RetryLimits {
  readonly maxAttempts: number;
  readonly maxUncertainFailures: number;
  readonly backoff: Backoff;
  readonly throttledBackoff: Backoff;
  readonly random: () => number;
}

/** What becomes of an event after a failure. */
export type Verdict =
  | { readonly kind: 'reject' }
  | { readonly kind: 'give up' }
  | { readonly kind: 'retry'; readonly delayMs: number };

const REJECT: Verdict = { kind: 'reject' };
const GIVE_UP: Verdict = { kind: 'give up' };

/**
 * Decides what becomes of an event after a failure, `leftMs` before its deadline
 * (`Infinity` where it has none).
 *
 * `denied` says nothing about the event, so it is never rejected for it: a caller with
 * a deadline is told at once, and one without (the relay) goes on until somebody mends
 * the credentials. An uncertain one is tried again `maxUncertainFailures` times in all;
 * then the event is rejected if the code was its own, and given up otherwise.
 */
export function retryVerdict(
  failure: Failure,
  record: AttemptRecord,
  leftMs: number,
  limits: RetryLimits,
): Verdict {
  const { kind } = failure;
  if (kind === 'permanent') return REJECT;
  if (kind === 'denied' && leftMs !== Number.POSITIVE_INFINITY) return GIVE_UP;
  if (kind === 'uncertain' && record.uncertainFailures >= limits.maxUncertainFailures) {
    return failure.scope === 'entry' ? REJECT : GIVE_UP;
  }
  if (record.tries >= limits.maxAttempts) return GIVE_UP;
  // A single throttled entry among accepted ones is no sign of a service that is short.
  const slow = kind === 'denied' || (kind === 'throttled' && failure.scope === 'request');
  const { baseMs, capMs } = slow ? limits.throttledBackoff : limits.backoff;
  // With less than one base delay left, further attempts would only crowd together.
  if (leftMs < Math.max(baseMs, failure.retryAfterMs)) return GIVE_UP;
  const bounded = { baseMs, capMs: Math.min(capMs, leftMs) };
  const delayMs = fullJitter(bounded, record.failures, limits.random);
  return { kind: 'retry', delayMs: Math.max(delayMs, failure.retryAfterMs) };
}
