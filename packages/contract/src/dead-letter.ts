import type { PublishableEvent } from './publisher.ts';

/** An event or a change that could not be delivered, and why. */
export interface DeadLetter {
  /** The event; absent where no event could be made of the change. */
  readonly event?: PublishableEvent;
  /** The change, where no event could be made of it. */
  readonly change?: unknown;
  /** EventBridge's error code, or one of Tidings' own such as `EventTooLarge`. */
  readonly code: string;
  /** One sentence that says what is wrong. */
  readonly reason: string;
  /** Where it comes from: the name of a relay's source, or `publisher`. */
  readonly source: string;
  /** True where the bus may hold the event already. */
  readonly possiblyAccepted?: boolean;
}

/** Keeps what could not be delivered, so that nothing is dropped in silence. */
export interface DeadLetters {
  /** Resolves when the letters are durable; only then do they count as kept. */
  park(letters: readonly DeadLetter[]): Promise<void>;
}
