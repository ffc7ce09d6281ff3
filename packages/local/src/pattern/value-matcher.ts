import { type CidrRange, isInRange } from './cidr-range.ts';
import type { FieldValue } from './field-value.ts';
import type { Extent } from './ignore-case.ts';
import { matchesWildcard, type Wildcard } from './wildcard.ts';

/** One bound of a numeric range, in millionths. */
export interface Bound {
  readonly millionths: number;
  readonly inclusive: boolean;
  /** The number as the pattern has it. */
  readonly text: string;
}

/** Matchers that say what a value is, as opposed to what it is not or whether it is. */
export type PositiveMatcher =
  | { readonly kind: 'string'; readonly value: string }
  /** A string that is an IP address; it matches every spelling of the address. */
  | { readonly kind: 'address'; readonly value: string; readonly digits: string }
  | { readonly kind: 'number'; readonly text: string; readonly millionths: number | undefined }
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'suffix'; readonly value: string }
  | {
      readonly kind: 'ignore-case';
      readonly value: string;
      readonly extent: Extent;
      readonly expression: RegExp;
    }
  | { readonly kind: 'wildcard'; readonly value: string; readonly wildcard: Wildcard }
  | { readonly kind: 'range'; readonly from: Bound | undefined; readonly to: Bound | undefined }
  | { readonly kind: 'cidr'; readonly value: string; readonly range: CidrRange };

/** One entry in the list of a pattern's leaf. */
export type ValueMatcher =
  | PositiveMatcher
  | { readonly kind: 'anything-but'; readonly except: readonly PositiveMatcher[] }
  | { readonly kind: 'exists' }
  /** `{"exists": false}`: matches no value, only the lack of every one. */
  | { readonly kind: 'absent' };

/** Whether one value of a field satisfies one matcher. */
export function matchesValue(matcher: ValueMatcher, value: FieldValue): boolean {
  switch (matcher.kind) {
    case 'string':
      return value.type === 'string' && value.text === matcher.value;
    case 'address':
      // startsWith, not equality: see isInRange.
      return value.address?.startsWith(matcher.digits) === true;
    case 'number':
      if (value.type !== 'number') return false;
      if (value.text === matcher.text) return true;
      return matcher.millionths !== undefined && value.millionths === matcher.millionths;
    case 'literal':
      return value.type === 'literal' && value.text === matcher.text;
    case 'prefix':
      return value.type === 'string' && value.text.startsWith(matcher.value);
    case 'suffix':
      return value.type === 'string' && value.text.endsWith(matcher.value);
    case 'ignore-case':
      return value.type === 'string' && matcher.expression.test(value.text);
    case 'wildcard':
      return value.type === 'string' && matchesWildcard(matcher.wildcard, value.text);
    case 'range': {
      const number = value.millionths;
      return number !== undefined && isAbove(matcher.from, number) && isBelow(matcher.to, number);
    }
    case 'cidr':
      return value.address !== undefined && isInRange(matcher.range, value.address);
    case 'anything-but':
      return !matcher.except.some((exception) => matchesValue(exception, value));
    case 'exists':
      return true;
    case 'absent':
      return false;
  }
}

function isAbove(from: Bound | undefined, number: number): boolean {
  if (from === undefined) return true;
  return from.inclusive ? number >= from.millionths : number > from.millionths;
}

function isBelow(to: Bound | undefined, number: number): boolean {
  if (to === undefined) return true;
  return to.inclusive ? number <= to.millionths : number < to.millionths;
}
