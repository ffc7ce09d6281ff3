import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';

const day = 86_400_000;
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a wait that is longer than a timer holds does not end before its time', () => {
  const run = vi.fn();
  systemClock.after(100 * day, run);
  vi.advanceTimersByTime(100 * day - 1);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledTimes(1);
});

test('a long wait is cancelled in each of its parts', () => {
  const run = vi.fn();
  const cancel = systemClock.after(100 * day, run);
  vi.advanceTimersByTime(60 * day);
  cancel();
  vi.advanceTimersByTime(100 * day);
  expect(run).not.toHaveBeenCalled();
});
