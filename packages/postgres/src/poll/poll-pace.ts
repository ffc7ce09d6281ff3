/** What a look at the outbox brought. */
export type PollYield =
  /** As much as is read at once: there is probably more. */
  | 'full'
  /** Rows, or the promise of some. */
  | 'some'
  | 'nothing';

/**
 * How long to wait for the next look: not at all while the outbox is full, the least
 * while rows come, and then twice as long each time up to the most.
 */
export class PollPace {
  readonly #minMs: number;
  readonly #maxMs: number;
  #waitMs: number;

  constructor(minMs: number, maxMs: number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#waitMs = minMs;
  }

  /** Milliseconds until the next look. */
  after(found: PollYield): number {
    if (found === 'nothing') {
      const waitMs = this.#waitMs;
      this.#waitMs = Math.min(this.#maxMs, waitMs * 2);
      return waitMs;
    }
    this.hurry();
    return found === 'full' ? 0 : this.#minMs;
  }

  /** Something has happened: looks become frequent again. */
  hurry(): void {
    this.#waitMs = this.#minMs;
  }
}
