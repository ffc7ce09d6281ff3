import { jsonStringEnd } from '@tidings/contract';

/** Strings are skipped whole; what is left of a number is its text. */
const QUOTE_OR_NUMBER = /"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** As many significant digits survive the way through a double, whatever they are. */
const SAFE_DIGITS = 15;

/**
 * True where JSON text holds a number that would come out different after `JSON.parse`
 * and `JSON.stringify`, such as a 64-bit integer beyond 2^53.
 */
export function hasUnsafeNumber(json: string): boolean {
  const scan = new RegExp(QUOTE_OR_NUMBER);
  for (let found = scan.exec(json); found !== null; found = scan.exec(json)) {
    const [token] = found;
    if (token === '"') scan.lastIndex = jsonStringEnd(json, found.index);
    else if (isUnsafe(token)) return true;
  }
  return false;
}

function isUnsafe(number: string): boolean {
  const digits = number
    .replace(/[eE].*$/, '')
    .replace(/\D/g, '')
    .replace(/^0+/, '');
  return digits.length > SAFE_DIGITS && String(Number(number)) !== number;
}
