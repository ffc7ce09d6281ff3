import fc from 'fast-check';
import { expect, it } from 'vitest';
import { freezeJson as freeze } from './json-data.ts';

const freezeJson = (data: unknown): unknown => freeze(data, () => true).data;

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

/** What `isLike` says, written out. */
function isAlike(data: unknown, like: unknown): boolean {
  if (typeof data !== 'object' || data === null) return data === like;
  if (typeof like !== 'object' || like === null) return false;
  if (Array.isArray(data) !== Array.isArray(like)) return false;
  const names = Object.keys(data).filter(
    (name) => (data as Record<string, unknown>)[name] !== undefined,
  );
  return (
    names.length === Object.keys(like).length &&
    names.every(
      (name) =>
        Object.hasOwn(like, name) &&
        isAlike((data as Record<string, unknown>)[name], (like as Record<string, unknown>)[name]),
    )
  );
}

it('tells whether the copy is what it is compared with', () => {
  const leaf = fc.constantFrom<unknown>(null, 1, 'a', true, [], {});
  const data = fc.oneof(
    leaf,
    fc.array(leaf, { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'constructor'), fc.oneof(leaf, fc.array(leaf)), {
      maxKeys: 2,
    }),
  );
  const like = fc.oneof(data, fc.constantFrom<unknown>({ a: undefined }, { a: 1, b: undefined }));
  fc.assert(
    fc.property(
      fc.array(data, { maxLength: 2 }),
      fc.array(like, { maxLength: 2 }),
      (one, other) => {
        expect(freeze(one, () => true, other).isLike).toBe(isAlike(one, other));
        expect(freeze(one, () => true, structuredClone(one)).isLike).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
});
