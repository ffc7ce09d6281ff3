import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decimalText } from './decimal-text.ts';

/** What Java's BigInteger.toByteArray gives. */
function twosComplement(value: bigint): Uint8Array {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length++;
  const hex = BigInt.asUintN(length * 8, value)
    .toString(16)
    .padStart(length * 2, '0');
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

test('every decimal is written out to its last digit', () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.integer({ min: 0, max: 40 }), (unscaled, scale) => {
      const text = decimalText(twosComplement(unscaled), scale);
      const [whole = '', fraction = ''] = text.split('.');
      expect(fraction).toHaveLength(scale);
      expect(BigInt(whole.replace('-', '') + fraction)).toBe(unscaled < 0n ? -unscaled : unscaled);
      expect(text.startsWith('-')).toBe(unscaled < 0n);
    }),
  );
});

test.each([
  ['C+o=', 2, '30.50'],
  ['', 2, '0.00'],
  ['AA==', 0, '0'],
  ['/w==', 3, '-0.001'],
  ['DA==', -3, '12000'],
])('%s with scale %i is %s', (base64, scale, expected) => {
  expect(decimalText(new Uint8Array(Buffer.from(base64, 'base64')), scale)).toBe(expected);
});
