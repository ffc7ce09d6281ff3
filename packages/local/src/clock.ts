/** Where the bus takes the time from, so that a test can decide what time it is. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs `run` once, `ms` milliseconds from now. The result cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** Longest wait that one timer of Node holds; a longer one would end at once. */
const maxTimerMs = 2 ** 31 - 1;

/** The machine's clock. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      const rest = left - maxTimerMs;
      timer = rest > 0 ? setTimeout(() => wait(rest), maxTimerMs) : setTimeout(run, left);
      timer.unref();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};

/** A clock whose waits end together, and none begins after that. */
export interface StoppableClock extends Clock {
  stop(): void;
}

export function stoppableClock(clock: Clock): StoppableClock {
  const waits = new Set<() => void>();
  let isStopped = false;
  return {
    now: () => clock.now(),
    after(ms, run) {
      if (isStopped) return () => {};
      const end = (): void => {
        waits.delete(end);
        cancel();
      };
      const cancel = clock.after(ms, () => {
        waits.delete(end);
        run();
      });
      waits.add(end);
      return end;
    },
    stop() {
      isStopped = true;
      for (const end of [...waits]) end();
    },
  };
}

/** A clock that stands still until it is told to move. */
export interface ManualClock extends Clock {
  /**
   * Moves the time on by `ms`, running what becomes due on the way, in order of its
   * time. Promise reactions run before the first step, and after each.
   */
  advance(ms: number): Promise<void>;
}

/** @param start Milliseconds since 1970 at which the clock begins. Default: 2026-01-01. */
export function manualClock(start: number = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start;
  let order = 0;
  const due = new Map<number, { readonly at: number; readonly run: () => void }>();
  const next = (limit: number): number | undefined => {
    let first: number | undefined;
    let at = limit;
    for (const [key, timer] of due) {
      if (timer.at < at || (timer.at === at && first === undefined)) {
        first = key;
        at = timer.at;
      }
    }
    return first;
  };
  return {
    now: () => now,
    after(ms, run) {
      order += 1;
      const key = order;
      due.set(key, { at: now + Math.max(0, ms), run });
      return () => due.delete(key);
    },
    async advance(ms) {
      const end = now + ms;
      await reactions();
      for (let key = next(end); key !== undefined; key = next(end)) {
        const timer = due.get(key);
        due.delete(key);
        if (timer === undefined) continue;
        now = Math.max(now, timer.at);
        timer.run();
        await reactions();
      }
      now = end;
      await reactions();
    },
  };
}

function reactions(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
