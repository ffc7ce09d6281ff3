/**
 * Millionths of a number as it was written, or why it cannot be compared as one.
 * EventBridge compares numbers from -5e9 to 5e9 with up to six decimals; there
 * the millionths are exact integers below 2^53. A number beyond is only ever
 * equal to the same text.
 */
export type Comparable =
  | { readonly millionths: number }
  | { readonly millionths: undefined; readonly reason: string };

const LIMIT = 5e15;
const TOO_FINE = {
  millionths: undefined,
  reason: 'Only values upto 6 decimals are supported',
} as const;
const OUT_OF_RANGE = {
  millionths: undefined,
  reason: 'Value must be between -5.0E9 and 5.0E9, inclusive',
} as const;

/**
 * Reads a JSON number. `300`, `300.0` and `3.0e2` come out the same, and so do
 * `-0.0` and `0`; digits are never rounded away first.
 */
export function comparableNumber(text: string): Comparable {
  if (text.length <= 9) {
    const short = Number(text);
    if (Number.isSafeInteger(short)) return compare(short * 1e6);
  }
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (parts === null) throw new TypeError(`a JSON number was expected, got ${text}`);
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const written = (whole + fraction).replace(/^0+/, '');
  const digits = written.replace(/0+$/, '');
  if (digits === '') return { millionths: 0 };
  const zeros = Number(exponent) - fraction.length + (written.length - digits.length);
  if (zeros < -6) return TOO_FINE;
  if (digits.length + zeros > 10) return OUT_OF_RANGE;
  const magnitude = Number(digits + '0'.repeat(zeros + 6));
  return compare(sign === '-' ? -magnitude : magnitude);
}

function compare(millionths: number): Comparable {
  if (millionths > LIMIT || millionths < -LIMIT) return OUT_OF_RANGE;
  return { millionths: millionths === 0 ? 0 : millionths };
}
