interface Decided {
  readonly eventId: string;
  /** How many requests carried this event. */
  readonly attempts: number;
}

interface NotAccepted extends Decided {
  /** True where a dead letter holds the event; absent where nobody but the caller has it. */
  readonly parked?: true;
}

/** The bus took the event. Final: it is never sent again. */
export interface AcceptedOutcome extends Decided {
  readonly status: 'accepted';
  /** The id that EventBridge gave to this delivery; another one at each resend. */
  readonly busEventId: string;
}

/** The bus or the contract refused the event, and would refuse it again. */
export interface RejectedOutcome extends NotAccepted {
  readonly status: 'rejected';
  /** EventBridge's error code, or one of Tidings' own such as `EventTooLarge`. */
  readonly code: string;
  /** One sentence that says what to do. */
  readonly message: string;
}

/**
 * The event could not be delivered in the time or the attempts that it had. It
 * may well be accepted later: keep it and publish it again.
 */
export interface UndeliveredOutcome extends NotAccepted {
  readonly status: 'undelivered';
  /** Code of the last failure, for example `ThrottlingException` or `Timeout`. */
  readonly code: string;
  readonly message: string;
  /**
   * True where an attempt ended without an answer, so that the bus may hold the
   * event already and publishing it again may duplicate it.
   */
  readonly possiblyAccepted: boolean;
}

/** What became of one event. */
export type PublishOutcome = AcceptedOutcome | RejectedOutcome | UndeliveredOutcome;

/** One outcome an event, in the order in which the events were given. */
export type PublishResult = readonly PublishOutcome[];

/** Thrown by `publish` when not every event was accepted. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  /** One outcome an event, in the order in which the events were given. */
  readonly outcomes: PublishResult;

  constructor(outcomes: PublishResult) {
    const refused = outcomes.filter((outcome) => outcome.status !== 'accepted');
    const first = refused[0];
    const reason =
      first === undefined ? '' : `; the first: ${first.eventId}: ${first.code}: ${first.message}`;
    super(`${refused.length} of ${outcomes.length} events were not accepted${reason}`);
    this.outcomes = outcomes;
  }
}
