import type { PublishOptions, PublishOutcome, PublishResult } from '@tidings/contract';

/** Takes the outcomes of one call. Each place is written once. */
export interface Ledger {
  readonly outcomes: (PublishOutcome | undefined)[];
  undecided: number;
  /** Both are guarded: they do not throw. */
  readonly onOutcome: PublishOptions['onOutcome'] | undefined;
  readonly onRetry: PublishOptions['onRetry'] | undefined;
  readonly complete: (result: PublishResult) => void;
}

/** A ledger of `size` open places. `complete` is called once, when all are written. */
export function openLedger(
  size: number,
  { onOutcome, onRetry }: Pick<Ledger, 'onOutcome' | 'onRetry'>,
  complete: Ledger['complete'],
): Ledger {
  return { outcomes: new Array(size), undecided: size, onOutcome, onRetry, complete };
}

/** Writes one outcome. A place that is written already keeps what it holds. */
export function decide(ledger: Ledger, index: number, outcome: PublishOutcome): void {
  if (ledger.outcomes[index] !== undefined) return;
  ledger.outcomes[index] = outcome;
  ledger.undecided -= 1;
  ledger.onOutcome?.(outcome, index);
  if (ledger.undecided === 0) ledger.complete(ledger.outcomes as PublishOutcome[]);
}
