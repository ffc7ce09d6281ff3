import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseExactJson } from './exact-json.ts';

/** What is left of a value in a world without bigints. */
function rounded(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rounded(each)]));
}

test('reads what JSON.parse reads, but for what that would round', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), (text) => {
      expect(rounded(parseExactJson(text))).toEqual(rounded(JSON.parse(text)));
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

test('every double comes back, as a number unless it is an integer beyond the safe ones', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
      const literal = JSON.stringify(double);
      const [value] = parseExactJson(`[${literal},12345678901234567]`) as unknown[];
      expect(Number(value)).toBe(JSON.parse(literal));
      const isBig = /^-?\d+$/.test(literal) && !Number.isSafeInteger(double);
      expect(typeof value).toBe(isBig ? 'bigint' : 'number');
    }),
    { numRuns: 1_000 },
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

test('megabytes of text are no burden', () => {
  const text = JSON.stringify({ plain: 'x'.repeat(6_000_000), broken: '\n'.repeat(1_000_000) });
  const read = parseExactJson(`[${text},12345678901234567890]`) as [{ plain: string }, bigint];
  expect(read[0].plain).toHaveLength(6_000_000);
  expect(read[1]).toBe(12345678901234567890n);
});

test('nesting deeper than calls can be is no burden', () => {
  const depth = 200_000;
  let read = parseExactJson(`${'['.repeat(depth)}12345678901234567890${']'.repeat(depth)}`);
  while (Array.isArray(read)) [read] = read;
  expect(read).toBe(12345678901234567890n);
});

test('members of any name are read, the prototype’s too', () => {
  const read = parseExactJson('{"__proto__":{"__proto__":12345678901234567890},"toString":1}');
  expect(Object.entries(read as object)).toEqual([
    ['__proto__', Object.fromEntries([['__proto__', 12345678901234567890n]])],
    ['toString', 1],
  ]);
  expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
});
