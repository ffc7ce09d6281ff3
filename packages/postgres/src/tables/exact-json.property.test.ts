import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseExactJson } from './exact-json.ts';

test('what JSON.parse reads without loss is read the same', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), (text) => {
      expect(parseExactJson(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('integers of any size come back as they were written', () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.string(), (integer, key) => {
      const read = parseExactJson(`{"${'x'.repeat(16)}":[${integer},${JSON.stringify(key)}]}`);
      const [value, text] = (read as Record<string, unknown[]>)['x'.repeat(16)] as unknown[];
      expect(BigInt(value as number | bigint)).toBe(integer);
      expect(typeof value).toBe(Number.isSafeInteger(Number(integer)) ? 'number' : 'bigint');
      expect(text).toBe(key);
    }),
  );
});

test('every double stays a number', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
      const text = JSON.stringify([double, 1e300]);
      const [value] = parseExactJson(`${text.slice(0, -1)},12345678901234567]`) as unknown[];
      if (Number.isInteger(double) && !Number.isSafeInteger(double) && !/e/.test(text)) {
        expect(value).toBe(BigInt(JSON.stringify(double)));
      } else expect(value).toBe(JSON.parse(JSON.stringify(double)));
    }),
  );
});

test.each([
  ['0.1000000000000000055511151231257827', '0.1000000000000000055511151231257827'],
  ['1234567890123456.75', '1234567890123456.75'],
  ['1e400', '1e400'],
  ['100000000000000000e2', 1e19],
  ['1.10', 1.1],
  ['1.100000000000000000000', 1.1],
  ['-9007199254740993', -9007199254740993n],
])('%s', (literal, expected) => {
  expect(parseExactJson(literal)).toBe(expected);
});

test('digits inside of strings are nobody’s numbers, and nonsense is refused', () => {
  expect(parseExactJson('"12345678901234567890 \\" 12345678901234567890"')).toBe(
    '12345678901234567890 " 12345678901234567890',
  );
  expect(() => parseExactJson('{12345678901234567890')).toThrow(SyntaxError);
});
