/** A timer that was set and may be cleared. */
export type Timer = object;

/** Time as the publisher sees it; tests pass one that they turn by hand. */
export interface Clock {
  /** Milliseconds that only ever grow; the origin means nothing. */
  now(): number;
  /** Calls `callback(argument)` once, `delayMs` from now. */
  setTimer<Argument>(
    callback: (argument: Argument) => void,
    delayMs: number,
    argument: Argument,
  ): Timer;
  clearTimer(timer: Timer): void;
  /** Calls `callback` once, when the work of this turn of the event loop is done. */
  afterTurn(callback: () => void): void;
}

/** The process's monotonic clock: a corrected system time moves no deadline. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer: (callback, delayMs, argument) => setTimeout(callback, delayMs, argument),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
  afterTurn: (callback) => {
    setImmediate(callback);
  },
};
