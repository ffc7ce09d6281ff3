import { expect, test } from 'vitest';
import { parseSchedule } from './schedule-expression.ts';

/** The next times after Wednesday, 7 January 2026, 10:17:30 UTC. */
function times(expression: string, count = 3, from = '2026-01-07T10:17:30.500Z'): string[] {
  const schedule = parseSchedule(expression);
  if (schedule === undefined) throw new Error(`${expression} is refused`);
  const found: string[] = [];
  let at: number | undefined = Date.parse(from);
  while (found.length < count) {
    at = schedule.next(at);
    if (at === undefined) break;
    found.push(new Date(at).toISOString().slice(0, 16).replace('T', ' '));
  }
  return found;
}

test('a rate counts from the time that it is given', () => {
  expect(times('rate(1 minute)', 2)).toEqual(['2026-01-07 10:18', '2026-01-07 10:19']);
  expect(times('rate(5 hours)', 2)).toEqual(['2026-01-07 15:17', '2026-01-07 20:17']);
  expect(times('rate(7 days)', 1)).toEqual(['2026-01-14 10:17']);
});

test.each([
  ['cron(0 10 * * ? *)', ['2026-01-08 10:00', '2026-01-09 10:00', '2026-01-10 10:00']],
  ['cron(15 12 * * ? *)', ['2026-01-07 12:15', '2026-01-08 12:15', '2026-01-09 12:15']],
  ['cron(0 18 ? * MON-FRI *)', ['2026-01-07 18:00', '2026-01-08 18:00', '2026-01-09 18:00']],
  ['cron(0 8 1 * ? *)', ['2026-02-01 08:00', '2026-03-01 08:00', '2026-04-01 08:00']],
  ['cron(0/15 * * * ? *)', ['2026-01-07 10:30', '2026-01-07 10:45', '2026-01-07 11:00']],
  ['cron(5,35 14 * * ? *)', ['2026-01-07 14:05', '2026-01-07 14:35', '2026-01-08 14:05']],
  ['cron(0/30 20-23 ? * sat *)', ['2026-01-10 20:00', '2026-01-10 20:30', '2026-01-10 21:00']],
  ['cron(59 23 L * ? *)', ['2026-01-31 23:59', '2026-02-28 23:59', '2026-03-31 23:59']],
  ['cron(0 0 29 2 ? *)', ['2028-02-29 00:00', '2032-02-29 00:00', '2036-02-29 00:00']],
  ['cron(0 0 ? * 6L *)', ['2026-01-30 00:00', '2026-02-27 00:00', '2026-03-27 00:00']],
  ['cron(0 0 ? * SAT#3 *)', ['2026-01-17 00:00', '2026-02-21 00:00', '2026-03-21 00:00']],
  ['cron(0 0 ? * 2#5 *)', ['2026-03-30 00:00', '2026-06-29 00:00', '2026-08-31 00:00']],
  ['cron(0 9 3W * ? *)', ['2026-02-03 09:00', '2026-03-03 09:00', '2026-04-03 09:00']],
  ['cron(0 9 1W 2,3,8 ? *)', ['2026-02-02 09:00', '2026-03-02 09:00', '2026-08-03 09:00']],
  ['cron(0 9 LW * ? *)', ['2026-01-30 09:00', '2026-02-27 09:00', '2026-03-31 09:00']],
  ['cron(0 0 ? * FRI-SUN *)', ['2026-01-09 00:00', '2026-01-10 00:00', '2026-01-11 00:00']],
  ['cron(0 0 1 JAN ? 2027/5)', ['2027-01-01 00:00', '2032-01-01 00:00', '2037-01-01 00:00']],
  ['cron(0/5 5 ? JAN 1-5 2022)', []],
])('%s', (expression, expected) => {
  expect(times(expression)).toEqual(expected);
});

test('a time is never found twice', () => {
  expect(times('cron(17 10 * * ? *)', 1, '2026-01-07T10:17:00.000Z')).toEqual(['2026-01-08 10:17']);
});
