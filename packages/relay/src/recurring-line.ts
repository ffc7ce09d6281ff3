/**
 * Longest time between two lines about the same wait, a little below the ten seconds that
 * none may be silent for.
 */
export const LINE_EVERY_MS = 9_500;

/** Says that something is waited for, again and again, and that the wait is over. */
export interface RecurringLine {
  /** Whether the wait goes on at this moment; called as often as the line is to be exact. */
  look(isWaiting: boolean): void;
}

/** What a recurring line is made of. */
export interface LineSettings {
  /** Milliseconds that a wait may last without a line. */
  readonly afterMs: number;
  readonly waiting: (forMs: number) => void;
  /** Called for waits of which there was a line. */
  readonly over?: (afterMs: number) => void;
}

export function recurringLine(
  { afterMs, waiting, over }: LineSettings,
  now: () => number = () => performance.now(),
): RecurringLine {
  let since: number | undefined;
  let nextAt = 0;
  let lines = 0;
  return {
    look(isWaiting) {
      const at = now();
      if (!isWaiting) {
        if (since !== undefined && lines > 0) over?.(Math.round(at - since));
        since = undefined;
        return;
      }
      if (since === undefined) {
        since = at;
        nextAt = at + afterMs;
        lines = 0;
      }
      if (at < nextAt) return;
      lines += 1;
      nextAt = at + LINE_EVERY_MS;
      waiting(Math.round(at - since));
    },
  };
}
