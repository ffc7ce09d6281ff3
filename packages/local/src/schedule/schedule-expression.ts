import { parseCron } from './cron-expression.ts';

/** When a rule with a schedule sends an event. */
export interface Schedule {
  /**
   * The first time after this one, both in milliseconds since 1970; undefined where none is
   * left. A rate counts from the time that it is given.
   */
  next(after: number): number | undefined;
}

const rate = /^rate\((?:1 (minute|hour|day)|([2-9]|[1-9]\d+) (minute|hour|day)s)\)$/;
const unitMs: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** Reads `rate(5 minutes)` or `cron(0 12 * * ? *)`. Undefined where the service would refuse it. */
export function parseSchedule(expression: string): Schedule | undefined {
  const found = rate.exec(expression);
  if (found !== null) {
    const [, one, count = '1', many] = found;
    const everyMs = Number(count) * (unitMs[one ?? many ?? ''] ?? 0);
    return { next: (after) => after + everyMs };
  }
  const [, inner] = /^cron\((.*)\)$/.exec(expression) ?? [];
  return inner === undefined ? undefined : parseCron(inner);
}
