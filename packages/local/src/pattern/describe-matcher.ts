import type { FieldValue } from './field-value.ts';
import type { ValueMatcher } from './value-matcher.ts';

/** What a value must be, as words that follow "must be": `"a", or a string starting with "b"`. */
export function describeMatchers(matchers: readonly ValueMatcher[]): string {
  return matchers.map(describeMatcher).join(', or ');
}

/** A value of an event as JSON, shortened where it is long. */
export function describeValue(value: FieldValue): string {
  return value.type === 'string' ? quote(value.text) : value.text;
}

function describeMatcher(matcher: ValueMatcher): string {
  switch (matcher.kind) {
    case 'string':
      return quote(matcher.value);
    case 'address':
      return `the IP address ${matcher.value}`;
    case 'number':
      return `the number ${matcher.text}`;
    case 'literal':
      return matcher.text;
    case 'prefix':
      return `a string that starts with ${quote(matcher.value)}`;
    case 'suffix':
      return `a string that ends with ${quote(matcher.value)}`;
    case 'ignore-case': {
      const verb = { all: 'equals', prefix: 'starts with', suffix: 'ends with' }[matcher.extent];
      return `a string that ${verb} ${quote(matcher.value)} in any case`;
    }
    case 'wildcard':
      return `a string like ${quote(matcher.value)}`;
    case 'range': {
      const { from, to } = matcher;
      const bounds = [
        from && `${from.inclusive ? 'at least' : 'more than'} ${from.text}`,
        to && `${to.inclusive ? 'at most' : 'less than'} ${to.text}`,
      ];
      return `a number of ${bounds.filter((bound) => bound !== undefined).join(' and ')}`;
    }
    case 'cidr':
      return `an IP address in ${matcher.value}`;
    case 'anything-but':
      return `anything but ${describeMatchers(matcher.except)}`;
    case 'exists':
      return 'present';
    case 'absent':
      return 'absent';
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}
