import { ContractError } from './contract-error.ts';

/** JSON of a matcher, under a key that no data can have. */
export const matcherJson: unique symbol = Symbol('matcher');

/**
 * One condition of an event pattern. `Takes` are the values it can be asked about and
 * `Names` those it names, so that the compiler refuses a prefix of a number, or anything
 * but a currency that the contract does not have.
 */
export interface Matcher<Takes = never, Names = unknown> {
  readonly [matcherJson]: Readonly<Record<string, unknown>>;
  /** Types only: it never exists. */
  readonly matches?: (value: Takes) => Names;
}

type Comparison = '<' | '<=' | '=' | '>=' | '>';

/** The range that EventBridge documents for numeric matching. */
const maxNumber = 5e9;

function checkNumber(value: number): void {
  if (!(Math.abs(value) <= maxNumber)) {
    throw new ContractError(
      `numeric takes numbers from -5e9 to 5e9, got ${value}: EventBridge compares no others`,
    );
  }
}

/** `numeric('>=', 50_000)`, or a range: `numeric('>', 0, '<=', 100)`. */
export function numeric(comparison: Comparison, value: number): Matcher<number, never>;
export function numeric(
  lower: '>' | '>=',
  bottom: number,
  upper: '<' | '<=',
  top: number,
): Matcher<number, never>;
export function numeric(...range: (string | number)[]): Matcher<number, never> {
  const [, bottom, , top] = range;
  checkNumber(Number(bottom));
  if (top !== undefined) {
    checkNumber(Number(top));
    if (Number(bottom) >= Number(top)) {
      throw new ContractError(
        `numeric's range must rise, got ${bottom} to ${top}: write the lower bound first`,
      );
    }
  }
  return { [matcherJson]: { numeric: range } };
}

/** Text that begins with this. */
export function prefix(text: string): Matcher<string, never> {
  return { [matcherJson]: { prefix: text } };
}

/** Text that ends with this. */
export function suffix(text: string): Matcher<string, never> {
  return { [matcherJson]: { suffix: text } };
}

/** This text, whatever its case. */
export function equalsIgnoreCase(text: string): Matcher<string, never> {
  return { [matcherJson]: { 'equals-ignore-case': text } };
}

/** Text in which `*` stands for anything; `\*` is a star and `\\` a backslash. */
export function wildcard(text: string): Matcher<string, never> {
  if (text.includes('**') || /\\(?![*\\])/.test(text.replaceAll('\\\\', ''))) {
    throw new ContractError(
      `wildcard '${text}' is not valid: write no two stars in a row, and a backslash only before * or \\`,
    );
  }
  return { [matcherJson]: { wildcard: text } };
}

/** An address of this range: `10.0.0.0/24`. */
export function cidr(range: string): Matcher<string, never> {
  return { [matcherJson]: { cidr: range } };
}

/** A value that is there, or with `false` one that is not. Works on leaves only. */
export function exists(isThere = true): Matcher<unknown, never> {
  return { [matcherJson]: { exists: isThere } };
}

/** None of these values: `anythingBut('USD', 'CAD')`, `anythingBut(prefix('test-'))`. */
export function anythingBut<const Value extends string | number>(
  ...values: readonly [Value, ...Value[]]
): Matcher<unknown, Value>;
export function anythingBut(matcher: Matcher<string, never>): Matcher<string, never>;
export function anythingBut(
  ...values: readonly (string | number | Matcher<string, never>)[]
): Matcher<never, unknown> {
  const [first] = values;
  const but = typeof first === 'object' ? first[matcherJson] : values;
  return { [matcherJson]: { 'anything-but': but } };
}
