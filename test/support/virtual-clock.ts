import type { Clock } from '@tidings/publisher';

interface Alarm {
  readonly at: number;
  readonly ring: () => void;
}

/** A clock that stands still until `until` turns it. */
export interface VirtualClock extends Clock {
  /** Timers that are set and have not rung. */
  readonly pending: number;
  /** Resolves after `delayMs` of virtual time, or once the signal is aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Turns time forward, alarm by alarm, until `promise` settles. */
  until<Value>(promise: Promise<Value>): Promise<Value>;
}

export function virtualClock(): VirtualClock {
  const alarms = new Set<Alarm>();
  const turnEnds: (() => void)[] = [];
  let now = 0;

  function setTimer<Argument>(ring: (argument: Argument) => void, ms: number, argument: Argument) {
    const alarm = { at: now + ms, ring: () => ring(argument) };
    alarms.add(alarm);
    return alarm;
  }

  return {
    now: () => now,
    setTimer,
    clearTimer: (timer) => {
      alarms.delete(timer as Alarm);
    },
    afterTurn: (callback) => {
      turnEnds.push(callback);
    },
    get pending() {
      return alarms.size;
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const alarm = setTimer(resolve, ms, undefined);
        signal?.addEventListener('abort', () => {
          alarms.delete(alarm);
          resolve();
        });
      }),
    async until(promise) {
      let settled = false;
      const mark = (): void => {
        settled = true;
      };
      promise.then(mark, mark);
      for (;;) {
        // Lets every promise that can go on do so before time moves.
        await new Promise((resolve) => setImmediate(resolve));
        if (settled) return promise;
        if (turnEnds.length > 0) {
          for (const callback of turnEnds.splice(0)) callback();
          continue;
        }
        let next: Alarm | undefined;
        for (const alarm of alarms) if (next === undefined || alarm.at < next.at) next = alarm;
        if (next === undefined) throw new Error('Nothing is left that could settle the promise.');
        alarms.delete(next);
        now = Math.max(now, next.at);
        next.ring();
      }
    },
  };
}
