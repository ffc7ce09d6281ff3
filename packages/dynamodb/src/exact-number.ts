const plain = /^-?\d+(?:\.\d+)?$/;
const decimal = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Digits that every double keeps, whatever they are. */
const EXACT_DIGITS = 15;
/** DynamoDB's numbers lie between 1E-130 and 9.99…E+125. */
const MAX_EXPONENT = 130;

interface Decimal {
  readonly sign: string;
  /** Without zeros at either end; empty for zero. */
  readonly digits: string;
  /** The value is `digits` times ten to this power. */
  readonly exponent: number;
}

function parse(text: string): Decimal | undefined {
  const found = decimal.exec(text);
  if (found === null) return undefined;
  const [, sign = '', whole = '', fraction = '', power = '0'] = found;
  const all = whole + fraction;
  const digits = all.replace(/0+$/, '');
  const exponent = Number(power) - fraction.length + (all.length - digits.length);
  return { sign, digits: digits.replace(/^0+/, ''), exponent };
}

/**
 * The value of a DynamoDB number, none of it lost: a `number` where that says the same (for
 * integers: up to 2^53 - 1), a `bigint` for larger integers, and the text itself for
 * decimals with more digits than a double keeps. Undefined where the text is no number that
 * DynamoDB holds.
 */
export function exactNumber(text: string): number | bigint | string | undefined {
  const value = Number(text);
  // Most numbers are short, and exact then. Zero may have a sign that DynamoDB does not know.
  if (text.length <= EXACT_DIGITS && plain.test(text)) return value === 0 ? 0 : value;
  const parsed = parse(text);
  if (parsed === undefined) return undefined;
  const { sign, digits, exponent } = parsed;
  if (digits === '') return 0;
  if (Math.abs(digits.length + exponent) > MAX_EXPONENT || digits.length > MAX_EXPONENT) {
    return undefined;
  }
  if (exponent >= 0) {
    const whole = BigInt(`${sign}${digits}${'0'.repeat(exponent)}`);
    return Number.isSafeInteger(value) ? value : whole;
  }
  if (digits.length <= EXACT_DIGITS) return value;
  const shortest = parse(String(value));
  const isExact = shortest?.digits === digits && shortest.exponent === exponent;
  return isExact ? value : text;
}
