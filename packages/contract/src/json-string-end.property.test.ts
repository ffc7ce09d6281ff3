import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonStringEnd } from './json-string-end.ts';

const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', 'é', '{') });

test('finds the end of any string', () => {
  fc.assert(
    fc.property(text, text, (value, rest) => {
      const written = JSON.stringify(value);
      expect(jsonStringEnd(`[${written}${rest}`, 1)).toBe(1 + written.length);
    }),
  );
});

test('takes the end of the text where the string has none', () => {
  expect(jsonStringEnd('"abc\\"', 0)).toBe(6);
});

test.each(['x', '"', '\\'])('takes a string of millions of %j', (character) => {
  const written = JSON.stringify(character.repeat(3_000_000));
  expect(jsonStringEnd(written, 0)).toBe(written.length);
});
