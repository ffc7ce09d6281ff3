import {
  type DeadLetter,
  type DeadLetters,
  describeFailure,
  fullJitter,
  type RejectedOutcome,
  type SealedEvent,
  type UndeliveredOutcome,
} from '@tidings/contract';
import type { Clock } from './clock.ts';
import type { PublisherObserver } from './publisher-event.ts';

export type FailedOutcome = RejectedOutcome | UndeliveredOutcome;

/** Writes dead letters before an outcome is told. */
export interface Parking {
  /** Calls `told` with the outcome, marked as parked where the letter is durable. */
  park(event: SealedEvent, outcome: FailedOutcome, told: (outcome: FailedOutcome) => void): void;
}

interface Parked {
  readonly letter: DeadLetter;
  readonly eventId: string;
  readonly outcome: FailedOutcome;
  readonly told: (outcome: FailedOutcome) => void;
}

/** A store that hangs. */
class LateError extends Error {
  readonly code = 'Timeout';
}

const ATTEMPTS = 3;
const BACKOFF = { baseMs: 100, capMs: 1_000 };

interface ParkingSettings {
  readonly clock: Clock;
  readonly random: () => number;
  /** Milliseconds until letters that are not durable are left to the caller. */
  readonly deadLetterTimeoutMs: number;
  readonly observe: PublisherObserver | undefined;
}

/**
 * Letters of one turn of the event loop are written together. Where that fails, each is
 * written by itself, so that one that is too large does not keep the others out. What
 * cannot be written in time is told to the caller as not parked.
 */
export function parkingAt(
  deadLetters: DeadLetters,
  { clock, random, deadLetterTimeoutMs, observe }: ParkingSettings,
): Parking {
  let collected: Parked[] = [];

  async function write(batch: readonly Parked[]): Promise<void> {
    if (await written(batch, 1)) return;
    await Promise.all(batch.map((parked) => writeAlone(parked)));
  }

  async function writeAlone(parked: Parked): Promise<void> {
    for (let attempt = 1; attempt < ATTEMPTS; attempt += 1) {
      if (await written([parked], attempt)) return;
      const delayMs = fullJitter(BACKOFF, attempt, random);
      await new Promise<void>((resolve) => clock.setTimer(resolve, delayMs, undefined));
    }
    if (!(await written([parked], ATTEMPTS))) parked.told(parked.outcome);
  }

  async function written(batch: readonly Parked[], attempt: number): Promise<boolean> {
    try {
      await inTime(deadLetters.park(batch.map(({ letter }) => letter)));
    } catch (error) {
      const reason = describeFailure(error);
      if (batch.length === 1 && attempt >= ATTEMPTS) {
        const eventIds = batch.map(({ eventId }) => eventId);
        observe?.({ type: 'parking-failed', eventIds, reason });
      }
      return false;
    }
    for (const { outcome, told } of batch) told({ ...outcome, parked: true });
    return true;
  }

  /** A store that hangs must not keep an outcome from its caller. */
  function inTime(written: Promise<void> | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = (): void =>
        reject(new LateError(`the dead letters were not written within ${deadLetterTimeoutMs} ms`));
      const timer = clock.setTimer(late, deadLetterTimeoutMs, undefined);
      // A store in an untyped program may return nothing.
      const done = Promise.resolve(written).finally(() => clock.clearTimer(timer));
      done.then(resolve, reject);
    });
  }

  return {
    park(event, outcome, told) {
      const letter: DeadLetter = {
        event,
        code: outcome.code,
        reason: outcome.message,
        source: 'publisher',
        ...(outcome.status === 'undelivered' && { possiblyAccepted: outcome.possiblyAccepted }),
      };
      if (collected.length === 0) {
        clock.afterTurn(() => {
          const batch = collected;
          collected = [];
          void write(batch);
        });
      }
      collected.push({ letter, eventId: event.eventId, outcome, told });
    },
  };
}
