import fc from 'fast-check';
import { expect, it } from 'vitest';
import { freezeJson as freeze } from './json-data.ts';

const freezeJson = (data: unknown): unknown => freeze(data, () => true);

function isBeyondInt64(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(isBeyondInt64);
  return typeof value === 'number' && Math.abs(value) >= 2 ** 63 && Math.abs(value) < 1e21;
}

it('is what JSON text gives back, frozen', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      fc.pre(!isBeyondInt64(value));
      const frozen = freezeJson(value);
      expect(JSON.stringify(frozen)).toBe(JSON.stringify(value));
      expect(Object.isFrozen(frozen)).toBe(true);
    }),
  );
});

it.each([2 ** 63, -(2 ** 63), 1e20])('refuses %d, which the service cannot hold', (value) => {
  expect(() => freezeJson({ value })).toThrow('data.value is beyond the 64-bit integers');
});

it.each([2 ** 62, 1e21, Number.MAX_VALUE])('keeps %d', (value) => {
  expect(freezeJson({ value })).toEqual({ value });
});

it('leaves undefined members out and keeps every key', () => {
  const data: unknown = JSON.parse('{"__proto__":{"a":1},"b":[]}');
  expect(JSON.stringify(freezeJson({ ...(data as object), c: undefined }))).toBe(
    '{"__proto__":{"a":1},"b":[]}',
  );
});
