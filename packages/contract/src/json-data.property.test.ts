import fc from 'fast-check';
import { expect, it } from 'vitest';
import { freezeJson } from './json-data.ts';

const beyondInt64 = /[[:,-]\d{20,21}[\],}]/;

it('is what JSON text gives back, frozen', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      fc.pre(!beyondInt64.test(`[${JSON.stringify(value)}]`));
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
