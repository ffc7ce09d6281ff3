import type { PublishableEvent } from '@tidings/contract';

/** An event or a change that can never be delivered, and why. */
export interface DeadLetter {
  /** The event; absent where no event could be made of the change. */
  readonly event?: PublishableEvent;
  /** The change, where no event could be made of it. */
  readonly change?: unknown;
  /** EventBridge's error code, or `CaptureFailed`. */
  readonly code: string;
  /** One sentence that says what is wrong. */
  readonly reason: string;
  /** Name of the source that it came from. */
  readonly source: string;
}

/** Keeps what cannot be delivered, so that nothing is dropped in silence. */
export interface DeadLetters {
  /** Resolves when the letters are durable; only then do they count as settled. */
  park(letters: readonly DeadLetter[]): Promise<void>;
}
