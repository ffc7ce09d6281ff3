import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exactNumber } from './exact-number.ts';

const digits = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });
/** DynamoDB's own form: at most 38 digits. */
const decimalText = fc
  .tuple(fc.boolean(), digits(1, 20), fc.option(digits(1, 18), { nil: undefined }))
  .map(([isNegative, whole, fraction]) => {
    const text = fraction === undefined ? whole : `${whole}.${fraction}`;
    return isNegative ? `-${text}` : text;
  });

/** The value as digits and a power of ten, computed another way than the code does. */
function canonical(text: string): string {
  const [mantissa = '', power = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  let all = BigInt(whole + fraction);
  let exponent = Number(power) - fraction.length;
  if (all === 0n) return '0';
  while (all % 10n === 0n) {
    all /= 10n;
    exponent += 1;
  }
  return `${text.startsWith('-') ? '-' : ''}${all}e${exponent}`;
}

test('nothing of a number is lost', () => {
  fc.assert(
    fc.property(decimalText, (text) => {
      const value = exactNumber(text);
      expect(canonical(String(value))).toBe(canonical(text));
      const isWhole = !canonical(text).includes('e-');
      if (isWhole) {
        const isSafe = Math.abs(Number(text)) <= Number.MAX_SAFE_INTEGER;
        expect(typeof value).toBe(isSafe ? 'number' : 'bigint');
      }
    }),
    { numRuns: 10_000 },
  );
});

test('every double comes back as it was', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, min: -1e125, max: 1e125 }), (double) => {
      // DynamoDB refuses numbers closer to zero.
      fc.pre(double === 0 || Math.abs(double) >= 1e-130);
      const value = exactNumber(String(double));
      expect(Number(value) === double).toBe(true);
      expect(typeof value === 'string').toBe(false);
    }),
  );
});

test.each([
  ['0', 0],
  ['-0', 0],
  ['0.00', 0],
  ['1.10', 1.1],
  ['1E+2', 100],
  ['9007199254740991', 9007199254740991],
  ['9007199254740992', 9007199254740992n],
  ['-9007199254740993', -9007199254740993n],
  ['9007199254740990.5', '9007199254740990.5'],
  ['0.1234567890123456789', '0.1234567890123456789'],
  ['1E+20', 100000000000000000000n],
  [`1${'0'.repeat(100)}`, 10n ** 100n],
  [`0.${'0'.repeat(129)}1`, 1e-130],
])('%s', (text, value) => {
  expect(exactNumber(text)).toBe(value);
});

test.each(['', ' ', '1 ', '0x10', 'NaN', 'Infinity', '1e', '--1', '1.', '.5', '1E+999999999', '١'])(
  '%j is no number',
  (text) => {
    expect(exactNumber(text)).toBeUndefined();
  },
);
