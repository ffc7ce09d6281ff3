import { randomUUID } from 'node:crypto';
import { jsonStringEnd } from '@tidings/contract';

/** More digits than every number that is told apart by its first fifteen. */
const longNumber = /[\d.]{16}|[eE][+-]?\d{3}/;
const quoteOrNumber = /"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Stands before the text of a number that is kept; no text of anybody's begins with it. */
const mark = `number ${randomUUID()} `;

/**
 * `JSON.parse` that loses no digit: an integer that no number holds becomes a bigint, any
 * other number that none holds stays the text that it was.
 * @throws SyntaxError on text that is not JSON.
 */
export function parseExactJson(text: string): unknown {
  if (!longNumber.test(text)) return JSON.parse(text);
  const holder = { value: JSON.parse(withMarks(text)) as unknown };
  unmark(holder);
  return holder.value;
}

/** The text with numbers that a double does not hold as marked strings. */
function withMarks(text: string): string {
  const scan = new RegExp(quoteOrNumber);
  const pieces: string[] = [];
  let copied = 0;
  for (let found = scan.exec(text); found !== null; found = scan.exec(text)) {
    const [token] = found;
    if (token === '"') scan.lastIndex = jsonStringEnd(text, found.index);
    else if (!isExact(token)) {
      pieces.push(text.slice(copied, found.index), `"${mark}${token}"`);
      copied = scan.lastIndex;
    }
  }
  pieces.push(text.slice(copied));
  return pieces.join('');
}

/** A bigint for an integer, else the text itself. */
function numberOf(number: string): string | bigint {
  return /^-?\d+$/.test(number) ? BigInt(number) : number;
}

/**
 * Puts numbers where they were marked; a walk of one's own costs a fraction of a reviver. It
 * keeps its own stack, for data may be nested deeper than calls can be.
 */
function unmark(root: Record<string, unknown>): void {
  const pending = [root];
  for (let holder = pending.pop(); holder !== undefined; holder = pending.pop()) {
    for (const key in holder) {
      const value = holder[key];
      if (typeof value === 'string') {
        if (value.startsWith(mark)) holder[key] = numberOf(value.slice(mark.length));
      } else if (typeof value === 'object' && value !== null) {
        pending.push(value as Record<string, unknown>);
      }
    }
  }
}

/** Whether a number, written in decimal, is what its nearest double says. */
function isExact(literal: string): boolean {
  const value = Number(literal);
  if (/^-?\d+$/.test(literal)) return Number.isSafeInteger(value);
  if (!Number.isFinite(value)) return false;
  return canonical(literal) === canonical(String(value));
}

/** Digits without leading and trailing zeros, and the power of ten of the last. */
function canonical(literal: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  if (kept === '') return '0';
  const power = Number(exponent) - fraction.length + (digits.length - kept.length);
  return `${sign}${kept}e${power}`;
}
