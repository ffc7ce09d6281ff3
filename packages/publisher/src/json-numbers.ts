/** Strings are skipped whole; what is left of a number is its text. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;
/** As many significant digits survive the way through a double, whatever they are. */
const SAFE_DIGITS = 15;

/**
 * True where JSON text holds a number that would come out different after `JSON.parse`
 * and `JSON.stringify`, such as a 64-bit integer beyond 2^53.
 */
export function hasUnsafeNumber(json: string): boolean {
  for (const [token] of json.matchAll(STRING_OR_NUMBER)) {
    if (token.startsWith('"')) continue;
    const digits = token
      .replace(/[eE].*$/, '')
      .replace(/\D/g, '')
      .replace(/^0+/, '');
    if (digits.length > SAFE_DIGITS && String(Number(token)) !== token) return true;
  }
  return false;
}
