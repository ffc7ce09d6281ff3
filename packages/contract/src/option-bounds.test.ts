import { describe, expect, it } from 'vitest';
import { MAX_TIMER_MS, optionBounds } from './option-bounds.ts';

class Refusal extends Error {}
const { backoff, flag, known, milliseconds, oneOf, whole, within } = optionBounds(Refusal);

describe('optionBounds', () => {
  it.each([3e9, MAX_TIMER_MS + 1, Number.POSITIVE_INFINITY, Number.NaN, 0, -1])(
    'refuses a wait of %s ms, which no timer holds',
    (value) => {
      expect(() => milliseconds('waitMs', value, 1)).toThrow(
        `waitMs must be 1 to 2147483647, got ${value}`,
      );
    },
  );

  it.each(['5', null, {}, [], 5n, Symbol('s'), () => 5, true])(
    'refuses %o as a number',
    (value) => {
      expect(() => within('limit', value as never, 1, 10)).toThrow(Refusal);
      expect(() => whole('limit', value as never, 1, 10)).toThrow(
        /^limit must be a whole number from 1 to 10, got /,
      );
    },
  );

  it('takes what is within its bounds', () => {
    expect(milliseconds('waitMs', MAX_TIMER_MS, 1)).toBe(MAX_TIMER_MS);
    expect(within('limit', 1.5, 1, 2)).toBe(1.5);
    expect(whole('limit', 2, 1, 2)).toBe(2);
    expect(oneOf('order', 'key', ['none', 'key'])).toBe('key');
    expect(flag('verify', false)).toBe(false);
  });

  it('names the choice', () => {
    expect(() => oneOf('order' as never, 'fifo', ['none', 'key'])).toThrow(
      "order must be 'none' or 'key', got 'fifo'",
    );
    expect(() => flag('verify', 'false' as never)).toThrow(
      "verify must be true or false, got 'false'",
    );
  });

  it('fills in what a back-off leaves out, and bounds it', () => {
    const fallback = { baseMs: 50, capMs: 100 };
    expect(backoff('pause', undefined, fallback)).toEqual(fallback);
    expect(backoff('pause', { baseMs: 200 }, fallback)).toEqual({ baseMs: 200, capMs: 200 });
    expect(() => backoff('pause', { baseMs: 9, capMs: 5 }, fallback)).toThrow(
      'pause.capMs must be 9 to',
    );
    expect(() => backoff('pause', { capMs: 3e9 }, fallback)).toThrow('pause.capMs must be 50 to');
    expect(() => backoff('pause', { base: 5 } as never, fallback)).toThrow('did you mean baseMs?');
    expect(() => backoff('pause', 5 as never, fallback)).toThrow('pause must be an object, got 5');
  });

  const names = { eventBusName: true, deadlineMs: true, concurrency: true };
  it.each([
    ['eventBusNmae', 'eventBusName'],
    ['eventbusname', 'eventBusName'],
    ['deadline', 'deadlineMs'],
    ['Concurrency', 'concurrency'],
  ])('suggests %s -> %s', (given, meant) => {
    expect(() => known('publisher', { [given]: 1 }, names)).toThrow(
      `publisher has no option "${given}"; did you mean ${meant}?`,
    );
  });

  it.each(['zzz', '', 'toString', '__proto__x', 'x'.repeat(10_000)])(
    'lists the names for %s',
    (given) => {
      expect(() => known('publisher', { [given]: 1 }, names)).toThrow(
        'write one of eventBusName, deadlineMs, concurrency',
      );
    },
  );

  it.each([undefined, null, 'orders', [], 5])('refuses %o in place of options', (options) => {
    expect(() => known('publisher', options, names)).toThrow(/^publisher must be an object, got /);
  });
});
