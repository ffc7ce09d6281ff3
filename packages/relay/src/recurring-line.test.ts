import { expect, test } from 'vitest';
import { LINE_EVERY_MS, recurringLine } from './recurring-line.ts';

function lineAfter(afterMs: number) {
  const lines: string[] = [];
  let now = 0;
  const line = recurringLine(
    {
      afterMs,
      waiting: (forMs) => lines.push(`waiting ${forMs}`),
      over: (forMs) => lines.push(`over ${forMs}`),
    },
    () => now,
  );
  return {
    lines,
    look(at: number, isWaiting: boolean): void {
      now = at;
      line.look(isWaiting);
    },
  };
}

test('a short wait has no line, neither while it lasts nor when it is over', () => {
  const { lines, look } = lineAfter(2_000);
  look(0, true);
  look(1_999, true);
  look(2_000, false);
  look(2_500, true);
  look(4_000, true);
  expect(lines).toEqual([]);
});

test('a long wait has a line after its time, one every ten seconds, and one at its end', () => {
  const { lines, look } = lineAfter(2_000);
  for (let at = 0; at <= 30_000; at += 100) look(at, true);
  look(30_100, false);
  look(30_200, false);
  expect(lines).toEqual([
    'waiting 2000',
    `waiting ${2_000 + LINE_EVERY_MS}`,
    `waiting ${2_000 + 2 * LINE_EVERY_MS}`,
    'over 30100',
  ]);
});

test('a second wait is told like the first', () => {
  const { lines, look } = lineAfter(0);
  look(0, true);
  look(10, false);
  look(20, true);
  expect(lines).toEqual(['waiting 0', 'over 10', 'waiting 0']);
});
