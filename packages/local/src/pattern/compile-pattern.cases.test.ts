/**
 * Holds the matcher to labelled cases, of which `cases/labelled.jsonl` has one a
 * line: a pattern, an event, and the verdict of the reference matcher: `true`,
 * `false`, or `invalid` with the reason.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compilePattern } from './compile-pattern.ts';
import { InvalidPatternError } from './invalid-pattern-error.ts';
import { ruleIndex } from './rule-index.ts';

interface Case {
  readonly id: string;
  readonly tier: string;
  readonly pattern: string;
  readonly event: string;
  readonly expected: 'true' | 'false' | 'invalid';
  readonly why?: string;
}

const cases = readFileSync(new URL('cases/labelled.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Case);
const valid = cases.filter(({ expected }) => expected !== 'invalid');

test.each(cases)('$id ($tier): $pattern', ({ pattern, event, expected, why }) => {
  expect(verdict(pattern, event)).toEqual(
    expected === 'invalid' ? { expected, why } : { expected },
  );
});

test('a parsed event matches like its text', () => {
  for (const { id, pattern, event, expected } of valid) {
    expect(String(compilePattern(pattern).matches(JSON.parse(event))), id).toBe(expected);
  }
});

test('an index of all patterns gives the verdict of each', () => {
  const index = ruleIndex();
  const patterns = valid.map(({ id, pattern }) => ({ id, compiled: compilePattern(pattern) }));
  for (const { id, compiled } of patterns) index.add(id, compiled);
  for (const { event } of valid) {
    const matching = patterns.filter(({ compiled }) => compiled.matches(event));
    expect(index.match(event)).toEqual(matching.map(({ id }) => id));
  }
});

function verdict(pattern: string, event: string): { expected: string; why?: string } {
  try {
    return { expected: String(compilePattern(pattern).matches(event)) };
  } catch (error) {
    if (!(error instanceof InvalidPatternError)) throw error;
    return { expected: 'invalid', why: error.reason };
  }
}
