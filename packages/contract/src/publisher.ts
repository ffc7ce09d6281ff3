import type { Envelope } from './envelope.ts';
import type { AcceptedOutcome, PublishOutcome, PublishResult } from './publish-outcome.ts';
import type { SealedEvent } from './sealed-event.ts';

/** What can be published: an envelope, or one that is sealed already. */
export type PublishableEvent = Envelope | SealedEvent;

/** Settings of one call. */
export interface PublishOptions {
  /** Aborting it settles what is still undecided as `undelivered`. */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds until what is still undecided becomes `undelivered`. Default: the
   * publisher's. `Infinity` retries for as long as the failure is retryable.
   */
  readonly deadlineMs?: number;
  /**
   * Called once an event, as soon as its outcome is decided. What it throws or rejects is
   * reported as a warning of the process and changes nothing.
   */
  readonly onOutcome?: (outcome: PublishOutcome, index: number) => void;
  /** Called each time an event is going to be sent again; guarded as `onOutcome`. */
  readonly onRetry?: (retry: PublishRetry, index: number) => void;
}

/** An attempt that failed and will be followed by another one. */
export interface PublishRetry {
  readonly eventId: string;
  /** Requests that have carried the event so far. */
  readonly attempts: number;
  /** Code of the failure, for example `ThrottlingException` or `ECONNREFUSED`. */
  readonly code: string;
  readonly message: string;
  /** Where the request went, for example `https://events.eu-west-1.amazonaws.com`, if known. */
  readonly endpoint?: string;
  /** Milliseconds until the next attempt. */
  readonly delayMs: number;
}

/** Settings of `verify`. */
export interface VerifyOptions {
  /**
   * Also makes sure that the bus exists: events for one that does not are accepted and
   * dropped. Default: the publisher's own setting.
   */
  readonly bus?: boolean;
  /** Aborting it ends the wait for an answer. */
  readonly signal?: AbortSignal;
}

/**
 * What `verify` found wrong, as the property `problem` of what it throws:
 * - `access`: the service cannot be reached, or does not let the caller publish;
 * - `no-bus`: the bus does not exist;
 * - `not-described`: whether it exists cannot be asked, for want of a right to;
 * - `unanswered`: whether it exists was asked, and the answer failed in passing.
 */
export type VerificationProblem = 'access' | 'no-bus' | 'not-described' | 'unanswered';

/**
 * Carries events to a bus. n events in, n outcomes out, in order; an accepted event
 * is never sent again.
 */
export interface Publisher {
  /**
   * Resolves when every event was accepted.
   * @throws PublishError with each event's outcome otherwise.
   */
  publish(
    events: PublishableEvent | readonly PublishableEvent[],
    options?: PublishOptions,
  ): Promise<readonly AcceptedOutcome[]>;

  /** Like `publish`, but never throws for a rejection: the outcomes tell. */
  publishSettled(
    events: PublishableEvent | readonly PublishableEvent[],
    options?: PublishOptions,
  ): Promise<PublishResult>;

  /**
   * Resolves when the bus answers and takes the credentials; publishes nothing.
   * @throws Error whose message says what to do, and whose `problem` is a
   * `VerificationProblem`.
   */
  verify(options?: VerifyOptions): Promise<void>;

  /** Settles what is in flight, then releases connections and timers. */
  close(): Promise<void>;
}
