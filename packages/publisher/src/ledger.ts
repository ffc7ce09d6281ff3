import type { PublishOutcome, PublishResult } from '@tidings/contract';

/** Takes the outcomes of one call. Each place is written once. */
export interface Ledger {
  readonly outcomes: (PublishOutcome | undefined)[];
  undecided: number;
  readonly onOutcome: ((outcome: PublishOutcome, index: number) => void) | undefined;
  readonly complete: (result: PublishResult) => void;
}

/** A ledger of `size` open places. `complete` is called once, when all are written. */
export function openLedger(
  size: number,
  onOutcome: Ledger['onOutcome'],
  complete: Ledger['complete'],
): Ledger {
  return { outcomes: new Array(size), undecided: size, onOutcome, complete };
}

/** Writes one outcome. A place that is written already keeps what it holds. */
export function decide(ledger: Ledger, index: number, outcome: PublishOutcome): void {
  if (ledger.outcomes[index] !== undefined) return;
  ledger.outcomes[index] = outcome;
  ledger.undecided -= 1;
  if (ledger.onOutcome !== undefined) tell(ledger.onOutcome, outcome, index);
  if (ledger.undecided === 0) ledger.complete(ledger.outcomes as PublishOutcome[]);
}

/**
 * A callback that throws must not leave the other events of a request undecided, and
 * must not be silent either: its error is raised as an uncaught exception.
 */
function tell(
  onOutcome: NonNullable<Ledger['onOutcome']>,
  outcome: PublishOutcome,
  index: number,
): void {
  try {
    onOutcome(outcome, index);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
