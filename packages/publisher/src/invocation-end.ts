import { PublishError, type PublishOutcome } from '@tidings/contract';
import type { Invocation } from './invocation.ts';
import { remainingMs } from './lambda-context.ts';
import type { FailedOutcome } from './parking.ts';

/** What was not delivered when an invocation ended. */
export interface InvocationReport {
  /** Outcomes of added events that were not accepted; ids and codes, never data. */
  readonly failed: readonly FailedOutcome[];
  /**
   * Calls that were still undecided when the time was up, because they have deadlines of their
   * own: an environment that is frozen then goes on with them when it is thawed, if it is.
   */
  readonly undecidedCalls: number;
}

/** What an invocation came to. */
export interface InvocationEnd extends InvocationReport {
  /** Why events could not even be published, such as a publisher that is closed. */
  readonly errors: readonly unknown[];
}

/** What is kept of the reserve for the answer itself. */
const ANSWER_MS = 100;

/**
 * Sends what waits, and waits until everything that was published in the invocation is decided,
 * for as long as it lasts. No timer stays behind.
 */
export async function settle(
  invocation: Invocation,
  given: readonly unknown[],
): Promise<InvocationEnd> {
  const { calls, flushers } = invocation;
  const lastMs = remainingMs(given) - ANSWER_MS;
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => {
    if (lastMs !== Number.POSITIVE_INFINITY) timer = setTimeout(resolve, Math.max(0, lastMs));
  });
  let isLate = false;
  timeUp.then(() => {
    isLate = true;
  });
  while (calls.size > 0 && !isLate) {
    for (const flush of flushers) flush();
    await Promise.race([Promise.allSettled(calls), timeUp]);
  }
  clearTimeout(timer);
  invocation.isOver = true;
  const failed: FailedOutcome[] = [];
  const errors: unknown[] = [];
  for (const added of invocation.added) {
    added.then(
      (outcomes) => failed.push(...outcomes.filter(isFailed)),
      (error: unknown) => errors.push(error),
    );
  }
  // Those that are decided tell before this goes on.
  await undefined;
  return { failed, errors, undecidedCalls: calls.size };
}

function isFailed(outcome: PublishOutcome): outcome is FailedOutcome {
  return outcome.status !== 'accepted';
}

/** How an end is told. */
export interface ReportSettings {
  readonly onUndelivered: 'throw' | 'report';
  /** Guarded: it does not throw. */
  readonly report: (report: InvocationReport) => void;
}

/** Reports what was not delivered, if anything was not. */
export function reportOn(
  { failed, undecidedCalls }: InvocationEnd,
  { report }: ReportSettings,
): void {
  if (failed.length > 0 || undecidedCalls > 0) report({ failed, undecidedCalls });
}

/**
 * Ends an invocation whose handler has succeeded.
 * @throws PublishError with the outcomes of events that nobody has but the caller.
 */
export function answer(end: InvocationEnd, settings: ReportSettings): void {
  reportOn(end, settings);
  const [error] = end.errors;
  if (error !== undefined) throw error;
  if (settings.onUndelivered === 'report') return;
  const lost = end.failed.filter(({ parked }) => parked !== true);
  if (lost.length > 0) throw new PublishError(lost);
  if (end.undecidedCalls > 0) {
    throw new Error(
      `${end.undecidedCalls} calls of publish were undecided when the time of the invocation was up; give them no deadline of their own.`,
    );
  }
}

/** Ids that one line of a log names. */
const NAMED = 20;

export function reportOnConsole({ failed, undecidedCalls }: InvocationReport): void {
  const events = failed.slice(0, NAMED).map((outcome) => {
    // Not its message: a service may quote what it refuses.
    const { eventId, status, code, attempts, parked = false } = outcome;
    return { eventId, status, code, attempts, parked };
  });
  const message = 'events were not delivered when the invocation ended';
  const counts = { failed: failed.length, undecidedCalls };
  console.error(JSON.stringify({ level: 'ERROR', message, ...counts, events }));
}
