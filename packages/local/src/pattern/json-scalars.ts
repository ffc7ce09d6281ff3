import { describeCharacter, JsonSyntaxError, unexpectedCharacter } from './json-syntax-error.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/** What a string is in the parser's complaints: the words for it, and for a text that ends in it. */
export interface StringRole {
  readonly noun: string;
  readonly cutOff: string;
}
export const FIELD_NAME: StringRole = { noun: 'name', cutOff: ' in field name' };
export const STRING_VALUE: StringRole = {
  noun: 'string value',
  cutOff: ': was expecting closing quote for a string value',
};

/** The index of the quote that closes the string which begins at `start`. */
export function endOfString(source: string, start: number, role: StringRole): number {
  let at = start;
  for (;;) {
    const code = source.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at = endOfEscape(source, at + 1);
    else if (code >= 0x20) at++;
    else if (Number.isNaN(code)) endOfInput(source, role.cutOff);
    else {
      throw new JsonSyntaxError(
        `Illegal unquoted character (${describeCharacter(code)}): has to be escaped using backslash to be included in ${role.noun}`,
        at,
      );
    }
  }
}

/** The text of a string whose quotes stand at `start - 1` and `end`. */
export function decodeString(source: string, start: number, end: number): string {
  const raw = source.slice(start, end);
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
}

function endOfEscape(source: string, at: number): number {
  const code = source.charCodeAt(at);
  if (Number.isNaN(code)) endOfInput(source, ' in character escape sequence');
  if (code !== 0x75) {
    if ('btnfr"\\/'.includes(source.charAt(at))) return at + 1;
    throw new JsonSyntaxError(`Unrecognized character escape ${describeCharacter(code)}`, at);
  }
  for (let digit = at + 1; digit <= at + 4; digit++) {
    if (digit >= source.length) endOfInput(source, ' in character escape sequence');
    if (!/[0-9a-fA-F]/.test(source.charAt(digit))) {
      unexpectedCharacter(source, digit, 'expected a hex-digit for character escape sequence');
    }
  }
  return at + 5;
}

/** The index behind the number that begins at `start` with a digit or a minus sign. */
export function endOfNumber(source: string, start: number): number {
  let at = start;
  if (source.charCodeAt(at) === 0x2d) {
    at++;
    if (source.startsWith('Infinity', at)) nonStandard('-Infinity', at + 8);
    if (at === source.length) endOfInput(source, 'No digit following minus sign');
    if (source.charAt(at) === '.') notAValue(source, at);
    if (!isDigit(source.charCodeAt(at))) {
      notADigit(source, at, 'expected digit (0-9) to follow minus sign, for valid numeric value');
    }
  }
  if (source.charCodeAt(at) === 0x30 && isDigit(source.charCodeAt(at + 1))) {
    throw new JsonSyntaxError('Invalid numeric value: Leading zeroes not allowed', at + 1);
  }
  at = skipDigits(source, at);
  if (source.charCodeAt(at) === 0x2e) {
    const from = at + 1;
    at = skipDigits(source, from);
    // At the end of the text the complaint is about the point itself.
    const wrong = Math.min(at, source.length - 1);
    if (at === from) notADigit(source, wrong, 'Decimal point not followed by a digit');
  }
  if ((source.charCodeAt(at) | 0x20) === 0x65) {
    const sign = source.charCodeAt(at + 1);
    const from = at + (sign === 0x2b || sign === 0x2d ? 2 : 1);
    at = skipDigits(source, from);
    if (at === source.length && at === from) {
      endOfInput(source, 'expected a digit for number exponent');
    }
    if (at === from) notADigit(source, at, 'Exponent indicator not followed by a digit');
  }
  return at;
}

/** The index behind `true`, `false` or `null`, which should begin at `start`. */
export function endOfLiteral(source: string, start: number, literal: string): number {
  const end = start + literal.length;
  if (!source.startsWith(literal, start) || isIdentifierPart(source.charAt(end))) {
    unrecognizedToken(source, start);
  }
  return end;
}

/** Throws what the parser says of a character at `start` that begins no value. */
export function notAValue(source: string, start: number): never {
  for (const token of ['NaN', 'Infinity']) {
    if (source.startsWith(token, start)) nonStandard(token, start + token.length);
  }
  if (source.charAt(start) === '}') unexpectedCharacter(source, start, 'expected a value');
  if (source.charAt(start) === '+') {
    if (start + 1 === source.length) endOfInput(source, ' in a Number value');
    throw new JsonSyntaxError(
      "Unexpected character ('+' (code 43)) in numeric value: JSON spec does not allow numbers to have plus signs: enable `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow",
      start + 1,
    );
  }
  if (isIdentifierStart(source.charAt(start))) unrecognizedToken(source, start);
  return unexpectedCharacter(source, start, `expected a valid value ${VALUES}`);
}

function unrecognizedToken(source: string, start: number): never {
  let end = start;
  while (end - start < 256 && isIdentifierPart(source.charAt(end))) end++;
  const token = source.slice(start, end) + (end - start < 256 ? '' : '...');
  throw new JsonSyntaxError(`Unrecognized token '${token}': was expecting ${VALUES}`, end);
}

function nonStandard(token: string, end: number): never {
  throw new JsonSyntaxError(
    `Non-standard token '${token}': enable \`JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS\` to allow`,
    end,
  );
}

function notADigit(source: string, at: number, comment: string): never {
  const character = describeCharacter(source.charCodeAt(at));
  throw new JsonSyntaxError(`Unexpected character (${character}) in numeric value: ${comment}`, at);
}

function endOfInput(source: string, where: string): never {
  throw new JsonSyntaxError(`Unexpected end-of-input${where}`, source.length);
}

function skipDigits(source: string, start: number): number {
  let at = start;
  while (isDigit(source.charCodeAt(at))) at++;
  return at;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function isIdentifierStart(character: string): boolean {
  return /[\p{L}\p{Nl}\p{Sc}\p{Pc}]/u.test(character);
}

function isIdentifierPart(character: string): boolean {
  return /[\p{L}\p{Nl}\p{Sc}\p{Pc}\p{Nd}\p{Mc}\p{Mn}\p{Cf}]/u.test(character);
}
