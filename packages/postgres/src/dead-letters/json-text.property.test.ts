import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describedJson, exactJson, isStorableJson } from './json-text.ts';

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withNullPrototype: true,
});

test('what is written exactly is read back as it was, and anything can be described', () => {
  fc.assert(
    fc.property(anything, (value) => {
      const exact = exactJson(value);
      if (exact !== undefined) expect(JSON.parse(exact)).toEqual(value);
      expect(isStorableJson(describedJson(value))).toBe(true);
    }),
  );
});

test('every value that JSON has a word for is written exactly', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      expect(JSON.parse(exactJson(plain) as string)).toEqual(plain);
    }),
  );
});
