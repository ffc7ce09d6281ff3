import { cidrRange } from './cidr-range.ts';
import { ignoreCase } from './ignore-case.ts';
import { ipAddress } from './ip-address.ts';
import { Token } from './json-token.ts';
import { parseAnythingBut } from './parse-anything-but.ts';
import { numberMatcher, parseNumeric } from './parse-numeric.ts';
import type { PatternReader } from './pattern-reader.ts';
import type { ValueMatcher } from './value-matcher.ts';
import { parseWildcard } from './wildcard.ts';

const ONE_KEY = 'Only one key allowed in match expression';

/** Reads the list of a leaf, behind its opening bracket and up to its closing one. */
export function parseMatchers(reader: PatternReader): ValueMatcher[] {
  const matchers: ValueMatcher[] = [];
  for (let token = reader.next(); token !== Token.arrayEnd; token = reader.next()) {
    matchers.push(parseMatcher(reader, token));
  }
  if (matchers.length === 0) reader.refuse('Empty arrays are not allowed');
  return matchers;
}

function parseMatcher(reader: PatternReader, token: Token): ValueMatcher {
  switch (token) {
    case Token.objectStart:
      return parseExpression(reader);
    case Token.string: {
      const value = reader.text();
      const digits = ipAddress(value);
      return digits === undefined ? { kind: 'string', value } : { kind: 'address', value, digits };
    }
    case Token.number:
      return numberMatcher(reader.text());
    case Token.true:
    case Token.false:
    case Token.null:
      return { kind: 'literal', text: reader.text() };
    default:
      return reader.refuse('Match value must be String, number, true, false, or null');
  }
}

/** Reads `{"operator": operand}` behind its opening brace. */
function parseExpression(reader: PatternReader): ValueMatcher {
  if (reader.next() !== Token.name) reader.refuse('Match expression name not found');
  const { name } = reader;
  switch (name) {
    case 'exactly':
      return { kind: 'string', value: operand(reader, 'exact') };
    case 'prefix':
    case 'suffix':
      return parseAffix(reader, name);
    case 'equals-ignore-case': {
      const value = operand(reader, name);
      return { kind: 'ignore-case', value, extent: 'all', expression: ignoreCase(value, 'all') };
    }
    case 'wildcard':
      return parseWildcardOperand(reader);
    case 'numeric':
      return parseNumeric(reader);
    case 'anything-but':
      return parseAnythingBut(reader);
    case 'cidr':
      return parseCidr(reader);
    case 'exists':
      return parseExists(reader);
    default:
      return reader.refuse(`Unrecognized match type ${name}`);
  }
}

function operand(reader: PatternReader, operator: string): string {
  const value = reader.expectString(`${operator} match pattern must be a string`);
  reader.expect(Token.objectEnd, ONE_KEY);
  return value;
}

function parseAffix(reader: PatternReader, kind: 'prefix' | 'suffix'): ValueMatcher {
  const token = reader.next();
  if (token === Token.objectStart) {
    const noun = kind === 'prefix' ? 'Prefix' : 'Suffix';
    reader.expect(Token.name, `${noun} expression name not found`);
    if (reader.name !== 'equals-ignore-case') {
      reader.refuse(`Unsupported ${kind} pattern: ${reader.name}`);
    }
    const value = operand(reader, 'equals-ignore-case');
    reader.expect(Token.objectEnd, ONE_KEY);
    return { kind: 'ignore-case', value, extent: kind, expression: ignoreCase(value, kind) };
  }
  if (token !== Token.string) reader.refuse(`${kind} match pattern must be a string`);
  const value = reader.text();
  reader.expect(Token.objectEnd, ONE_KEY);
  return { kind, value };
}

function parseWildcardOperand(reader: PatternReader): ValueMatcher {
  const value = reader.expectString('wildcard match pattern must be a string');
  const wildcard = parseWildcard(value);
  if (typeof wildcard === 'string') return reader.refuse(wildcard);
  reader.expect(Token.objectEnd, ONE_KEY);
  return { kind: 'wildcard', value, wildcard };
}

function parseCidr(reader: PatternReader): ValueMatcher {
  // The service's text says prefix here.
  const value = reader.expectString('prefix match pattern must be a string');
  const range = cidrRange(value);
  if (typeof range === 'string') return reader.refuseWithoutPosition(range);
  reader.expect(Token.objectEnd, ONE_KEY);
  return { kind: 'cidr', value, range };
}

function parseExists(reader: PatternReader): ValueMatcher {
  const token = reader.next();
  if (token !== Token.true && token !== Token.false) {
    reader.refuse('exists match pattern must be either true or false.');
  }
  reader.expect(Token.objectEnd, ONE_KEY);
  return { kind: token === Token.true ? 'exists' : 'absent' };
}
