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
  /** Called once an event, as soon as its outcome is decided. Must not throw. */
  readonly onOutcome?: (outcome: PublishOutcome, index: number) => void;
}

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
   * @throws Error whose message says what to do.
   */
  verify(): Promise<void>;

  /** Settles what is in flight, then releases connections and timers. */
  close(): Promise<void>;
}
