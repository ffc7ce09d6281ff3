import { comparableNumber } from './comparable-number.ts';
import { ignoreCase } from './ignore-case.ts';
import { Token } from './json-token.ts';
import type { PatternReader } from './pattern-reader.ts';
import type { PositiveMatcher, ValueMatcher } from './value-matcher.ts';
import { parseWildcard } from './wildcard.ts';

type Operator = 'equals-ignore-case' | 'prefix' | 'suffix' | 'wildcard';

// The service says numeric of every operator here.
const TOO_MANY = 'Too many elements in numeric expression';
const NO_STRING: Readonly<Record<Operator, string>> = {
  'equals-ignore-case':
    'Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.',
  prefix: 'prefix/suffix match pattern must be a string',
  suffix: 'prefix/suffix match pattern must be a string',
  wildcard: 'wildcard match pattern must be a string',
};

/** Reads what stands behind `"anything-but":`, and the brace that closes the expression. */
export function parseAnythingBut(reader: PatternReader): ValueMatcher {
  let token = reader.next();
  let operator: Operator | undefined;
  if (token === Token.objectStart) {
    reader.expect(Token.name, 'Anything-But expression name not found');
    if (!Object.hasOwn(NO_STRING, reader.name)) {
      reader.refuse(`Unsupported anything-but pattern: ${reader.name}`);
    }
    operator = reader.name as Operator;
    token = reader.next();
  }
  if (token !== Token.arrayStart && token !== Token.string && token !== Token.number) {
    reader.refuse('Value of anything-but must be an array or single string/number value.');
  }
  const except = operator === undefined ? values(reader, token) : texts(reader, token, operator);
  reader.expect(Token.objectEnd, TOO_MANY);
  if (operator !== undefined) reader.expect(Token.objectEnd, TOO_MANY);
  return { kind: 'anything-but', except };
}

/** One string or number, or a list that is all strings or all numbers. */
function values(reader: PatternReader, first: Token): PositiveMatcher[] {
  if (first !== Token.arrayStart) return [value(reader, first)];
  const except = reader.rethrowing(() => {
    const list: PositiveMatcher[] = [];
    for (let token = reader.next(); token !== Token.arrayEnd; token = reader.next()) {
      list.push(value(reader, token));
    }
    return list;
  });
  if (new Set(except.map((exception) => exception.kind)).size !== 1) {
    reader.refuse(
      'Inside anything but list, either all values are number or string, mixed type is not supported',
    );
  }
  return except;
}

function value(reader: PatternReader, token: Token): PositiveMatcher {
  // An IP address is an ordinary string here: only its own spelling is excepted.
  if (token === Token.string) return { kind: 'string', value: reader.text() };
  if (token !== Token.number) {
    reader.refuse('Inside anything but list, start|null|boolean is not supported.');
  }
  const text = reader.text();
  const number = comparableNumber(text);
  if (number.millionths === undefined) return reader.refuseWithoutPosition(number.reason);
  return { kind: 'number', text, millionths: number.millionths };
}

/** The operand of an operator inside anything-but: one string, or a list of strings. */
function texts(reader: PatternReader, first: Token, operator: Operator): PositiveMatcher[] {
  const list: string[] = [];
  if (first !== Token.arrayStart) {
    list.push(text(reader, first, operator));
  } else {
    reader.rethrowing(() => {
      for (let token = reader.next(); token !== Token.arrayEnd; token = reader.next()) {
        list.push(text(reader, token, operator));
      }
    });
  }
  return list.map((item) => exception(reader, item, operator));
}

function text(reader: PatternReader, token: Token, operator: Operator): string {
  if (token !== Token.string) reader.refuse(NO_STRING[operator]);
  const read = reader.text();
  if (read === '' && (operator === 'prefix' || operator === 'suffix')) {
    reader.refuse('Null prefix/suffix not allowed');
  }
  return read;
}

function exception(reader: PatternReader, value: string, operator: Operator): PositiveMatcher {
  switch (operator) {
    case 'prefix':
    case 'suffix':
      return { kind: operator, value };
    case 'equals-ignore-case':
      return { kind: 'ignore-case', value, extent: 'all', expression: ignoreCase(value, 'all') };
    case 'wildcard': {
      const wildcard = parseWildcard(value);
      if (typeof wildcard === 'string') return reader.refuse(wildcard);
      return { kind: 'wildcard', value, wildcard };
    }
  }
}
