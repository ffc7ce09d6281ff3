import { type DeadLetter, type DeadLetters, describeFailure } from '@tidings/contract';
import type { Logger } from './logger.ts';

/** Parks dead letters and says of each whether it is durable. */
export interface LetterBox {
  /** Never rejects: false where the letter could not be kept. */
  park(letter: DeadLetter): Promise<boolean>;
}

interface Waiting {
  readonly letter: DeadLetter;
  readonly tell: (isDurable: boolean) => void;
}

/**
 * Letters of one turn of the event loop are parked together. Where that fails, each is
 * parked by itself, so that one that is too large does not keep the others out. Without
 * `deadLetters` nothing is durable.
 */
export function letterBox(deadLetters: DeadLetters | undefined, logger: Logger): LetterBox {
  let waiting: Waiting[] = [];

  async function write(letters: readonly Waiting[]): Promise<void> {
    try {
      await deadLetters?.park(letters.map(({ letter }) => letter));
      for (const { letter, tell } of letters) {
        const { code, reason, source } = letter;
        logger.warn({ code, reason, source }, 'parked a dead letter');
        tell(true);
      }
    } catch (error) {
      if (letters.length > 1) {
        for (const each of letters) await write([each]);
        return;
      }
      logger.error({ reason: describeFailure(error) }, 'could not park a dead letter');
      letters[0]?.tell(false);
    }
  }

  function writeAll(): void {
    const letters = waiting;
    waiting = [];
    void write(letters);
  }

  return {
    park(letter) {
      if (deadLetters === undefined) {
        const { code, reason, source } = letter;
        logger.error(
          { code, reason, source },
          'a change can never be delivered, and no deadLetters are set to keep it',
        );
        return Promise.resolve(false);
      }
      return new Promise((tell) => {
        waiting.push({ letter, tell });
        if (waiting.length === 1) queueMicrotask(writeAll);
      });
    },
  };
}
