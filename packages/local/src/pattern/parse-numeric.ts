import { comparableNumber } from './comparable-number.ts';
import { Token } from './json-token.ts';
import type { PatternReader } from './pattern-reader.ts';
import type { Bound, PositiveMatcher } from './value-matcher.ts';

/** A number as a pattern's value: equal as a number, or beyond their range as text. */
export function numberMatcher(text: string): PositiveMatcher & { kind: 'number' } {
  return { kind: 'number', text, millionths: comparableNumber(text).millionths };
}

/** Reads `[">", 0, "<=", 5]` behind `"numeric":`, and the brace that closes the expression. */
export function parseNumeric(reader: PatternReader): PositiveMatcher {
  reader.expect(Token.arrayStart, 'Value of numeric must be an array.');
  const matcher = parseComparison(reader);
  reader.expect(Token.objectEnd, TOO_MANY);
  return matcher;
}

const TOO_MANY = 'Too many elements in numeric expression';

function parseComparison(reader: PatternReader): PositiveMatcher {
  if (reader.next() !== Token.string) {
    reader.refuse(`Invalid member in numeric match: ${reader.text()}`);
  }
  const operator = reader.text();
  const token = reader.next();
  const number = (called: string): string => {
    if (token !== Token.number) reader.refuse(`Value of ${called} must be numeric`);
    return reader.text();
  };
  switch (operator) {
    case '=': {
      const text = number('equals');
      reader.expect(Token.arrayEnd, TOO_MANY);
      return { kind: 'number', text, millionths: comparable(reader, text) };
    }
    case '<':
    case '<=': {
      const text = number(operator);
      reader.expect(Token.arrayEnd, TOO_MANY);
      return { kind: 'range', from: undefined, to: bound(reader, text, operator === '<=') };
    }
    case '>':
    case '>=':
      return parseRange(reader, number(operator), operator === '>=');
    default:
      return reader.refuse(`Unrecognized numeric range operator: ${operator}`);
  }
}

function parseRange(reader: PatternReader, bottom: string, inclusive: boolean): PositiveMatcher {
  const token = reader.next();
  if (token === Token.arrayEnd) {
    return { kind: 'range', from: bound(reader, bottom, inclusive), to: undefined };
  }
  if (token !== Token.string) reader.refuse(`Bad value in numeric range: ${reader.text()}`);
  const operator = reader.text();
  if (operator !== '<' && operator !== '<=') {
    reader.refuse(`Bad numeric range operator: ${operator}`);
  }
  reader.expect(Token.number, `Value of ${operator} must be numeric`);
  const top = reader.text();
  reader.expect(Token.arrayEnd, 'Too many terms in numeric range expression');
  const from = bound(reader, bottom, inclusive);
  const to = bound(reader, top, operator === '<=');
  if (from.millionths >= to.millionths) reader.refuse('Bottom must be less than top');
  return { kind: 'range', from, to };
}

function bound(reader: PatternReader, text: string, inclusive: boolean): Bound {
  return { text, inclusive, millionths: comparable(reader, text) };
}

function comparable(reader: PatternReader, text: string): number {
  const number = comparableNumber(text);
  return number.millionths ?? reader.refuse(number.reason);
}
