import { describe, expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import { concurrencyLimit } from './concurrency-limit.ts';

function limitAt(most: number, now: { ms: number }) {
  const clock = { now: () => now.ms } as Clock;
  return concurrencyLimit(most, clock, () => 1);
}

describe('concurrencyLimit', () => {
  it('stays where single entries are throttled now and then', () => {
    const now = { ms: 0 };
    const limit = limitAt(16, now);
    for (let answer = 0; answer < 1_000; answer += 1) {
      now.ms += 1;
      limit.answered(now.ms - 1, answer % 2 === 0 ? 0.1 : 0, 0);
    }
    expect(limit.current).toBe(16);
  });

  it('shrinks once a round of throttled requests, and grows back', () => {
    const now = { ms: 0 };
    const limit = limitAt(16, now);
    for (let answer = 0; answer < 16; answer += 1) limit.answered(0, 1, 0);
    expect(limit.current).toBe(11);
    now.ms = 10;
    for (let answer = 0; answer < 11; answer += 1) limit.answered(5, 1, 0);
    expect(limit.current).toBe(7);
    for (let answer = 0; answer < 300; answer += 1) limit.answered(10, 0, 0);
    expect(limit.current).toBe(16);
  });

  it('pauses where even one request at a time is too much, until one gets through', () => {
    const now = { ms: 0 };
    const limit = limitAt(1, now);
    limit.answered(0, 1, 0);
    expect(limit.resumeAt).toBe(50);
    now.ms = 50;
    limit.answered(50, 1, 0);
    expect(limit.resumeAt).toBe(150);
    limit.answered(150, 0, 0);
    expect(limit.resumeAt).toBe(0);
  });

  it('pauses for as long as the service asks', () => {
    const limit = limitAt(16, { ms: 1_000 });
    limit.answered(0, 1, 3_000);
    expect(limit.resumeAt).toBe(4_000);
  });
});
