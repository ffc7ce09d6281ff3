import {
  type DeadLetters,
  optionBounds,
  type PublishableEvent,
  type Publisher,
  type PublishOptions,
} from '@tidings/contract';
import type { ParkedLetter } from './dead-letter-text.ts';

/** A store whose letters can be taken up again. */
export interface DeadLetterStore extends DeadLetters {
  /**
   * Hands the letters that are there now to `deliver`, batch by batch, and removes those
   * for which it answers true, by position. All others stay. Letters that are parked
   * meanwhile wait for the next time.
   * @throws Error where another redrive of the same letters is under way.
   */
  takeUp(deliver: (letters: readonly ParkedLetter[]) => Promise<readonly boolean[]>): Promise<void>;
}

/** Settings of `redrive`. */
export interface RedriveOptions extends Pick<PublishOptions, 'deadlineMs' | 'signal'> {
  /** Which letters to publish again; the others stay. Default: all that hold an event. */
  readonly accept?: (letter: ParkedLetter) => boolean;
}

/** What became of the letters. */
export interface RedriveSummary {
  readonly delivered: number;
  readonly kept: number;
}

const NAMES: Record<keyof RedriveOptions, true> = { accept: true, deadlineMs: true, signal: true };

const { known } = optionBounds(RangeError);

/**
 * Publishes parked events again, as they are: the same `eventId`, the same
 * `idempotencyKey`. A letter leaves the store when the bus has accepted its event.
 * @throws RangeError where an option is unknown.
 */
export async function redrive(
  store: DeadLetterStore,
  publisher: Pick<Publisher, 'publishSettled'>,
  redriveOptions: RedriveOptions = {},
): Promise<RedriveSummary> {
  known('redrive', redriveOptions, NAMES);
  const { accept = () => true, ...options } = redriveOptions;
  let delivered = 0;
  let kept = 0;
  await store.takeUp(async (letters) => {
    const done = letters.map(() => false);
    const events: PublishableEvent[] = [];
    const places: number[] = [];
    for (const [place, parked] of letters.entries()) {
      const { event } = parked.letter;
      if (event === undefined || options.signal?.aborted === true || !accept(parked)) continue;
      events.push(event);
      places.push(place);
    }
    const outcomes = await publisher.publishSettled(events, options);
    for (const [index, outcome] of outcomes.entries()) {
      const place = places[index];
      // A publisher with dead letters of its own may have parked it anew.
      if (place !== undefined)
        done[place] = outcome.status === 'accepted' || outcome.parked === true;
      if (outcome.status === 'accepted') delivered += 1;
    }
    kept += letters.length - outcomes.filter(({ status }) => status === 'accepted').length;
    return done;
  });
  return { delivered, kept };
}
