import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changedPaths } from './changed-paths.ts';
import type { Row } from './row-change.ts';

const scalar = fc.oneof(
  fc.string(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.bigInt(),
  fc.uint8Array({ maxLength: 4 }),
  fc.array(fc.nat(3)).map((values) => new Set(values)),
);
const name = fc.constantFrom('a', 'b', 'c', '__proto__');
const row = fc.letrec<{ row: Row; value: unknown }>((tie) => ({
  row: fc
    .array(fc.tuple(name, tie('value')), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries)),
  value: fc.oneof({ maxDepth: 4 }, scalar, fc.array(tie('value'), { maxLength: 3 }), tie('row')),
})).row;

test('there is no path exactly where the images are equal', () => {
  fc.assert(
    fc.property(row, row, (before, now) => {
      expect(changedPaths(before, now).length === 0).toBe(isDeepStrictEqual(before, now));
      expect(changedPaths(now, structuredClone(now))).toEqual([]);
      expect(changedPaths(before, now).toSorted()).toEqual(changedPaths(now, before).toSorted());
    }),
  );
});

test('paths name the deepest place', () => {
  const before = { status: 'a', address: { city: 'x', zip: '1' }, lines: [{ n: 1 }], tag: {} };
  const now = { status: 'b', address: { city: 'y', zip: '1' }, lines: [{ n: 2 }, {}], note: null };
  expect(changedPaths(before, now)).toEqual([
    'status',
    'address.city',
    'lines[0].n',
    'lines[1]',
    'tag',
    'note',
  ]);
});
