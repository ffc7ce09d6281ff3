import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import { delayQueue } from './delay-queue.ts';

it('hands out every item once, when it is due and not before', () => {
  const delays = fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 60 });
  const property = fc.property(delays, (delaysMs) => {
    let now = 0;
    let timers: { at: number; ring: () => void }[] = [];
    const clock = {
      now: () => now,
      setTimer: (ring: (argument: undefined) => void, ms: number) => {
        const timer = { at: now + ms, ring: () => ring(undefined) };
        timers.push(timer);
        return timer;
      },
      clearTimer: (timer: object) => {
        timers = timers.filter((set) => set !== timer);
      },
      afterTurn: () => {},
    } as unknown as Clock;
    const out: { id: number; dueAt: number; at: number }[] = [];
    const queue = delayQueue<{ id: number; dueAt: number }>(clock, (due) => {
      for (const item of due) out.push({ ...item, at: now });
    });
    for (const [id, delay] of delaysMs.entries()) queue.add({ id, dueAt: delay });
    expect(timers.length).toBeLessThanOrEqual(1);
    while (timers.length > 0) {
      const [next] = timers.splice(0, 1);
      now = next?.at ?? now;
      next?.ring();
    }
    expect(out.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([...delaysMs.keys()]);
    for (const { dueAt, at } of out) expect(at).toBe(dueAt);
  });
  fc.assert(property);
});
