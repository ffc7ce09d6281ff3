import type { Wildcard } from './wildcard.ts';

const STAR = -1;

/**
 * How many beginnings of the patterns one value can match at the same time, at
 * worst: the measure by which the service refuses a rule as too complex. For
 * `a*bb` it is 3, because `abb` matches `a*`, `a*b` and `a*bb`. The patterns are
 * those of one field; each counts between the quotes of a JSON string, and byte
 * by byte. Counting stops at `limit`, which is then the answer.
 *
 * It walks the sets of beginnings that some value reaches, breadth first. A walk
 * of more than 20,000 sets is given up as complex.
 */
export function wildcardComplexity(patterns: readonly Wildcard[], limit: number): number {
  const symbols = patterns.map(symbolsOf);
  const startOf: number[] = [];
  let total = 0;
  for (const pattern of symbols) {
    startOf.push(total);
    total += pattern.length + 1;
  }
  // State `startOf[p] + n` stands for the first n symbols of pattern p.
  const symbolBehind = new Int16Array(total).fill(-2);
  for (const [p, pattern] of symbols.entries()) {
    for (const [n, symbol] of pattern.entries()) {
      symbolBehind[(startOf[p] as number) + n] = symbol;
    }
  }
  const isStar = (state: number): boolean => state > 0 && symbolBehind[state - 1] === STAR;
  const withEmptyStar = (states: Set<number>): Set<number> => {
    for (const state of states) if (symbolBehind[state] === STAR) states.add(state + 1);
    return states;
  };

  let largest = 0;
  const seen = new Set<string>();
  const queue = [withEmptyStar(new Set(startOf))];
  for (const states of queue) {
    const bytes = new Set<number>();
    const looping: number[] = [];
    for (const state of states) {
      if (isStar(state)) looping.push(state);
      if ((symbolBehind[state] as number) >= 0) bytes.add(symbolBehind[state] as number);
    }
    for (const byte of bytes) {
      const next = new Set(looping);
      for (const state of states) if (symbolBehind[state] === byte) next.add(state + 1);
      withEmptyStar(next);
      largest = Math.max(largest, next.size);
      if (largest >= limit || seen.size > 20_000) return limit;
      const key = [...next].sort((a, b) => a - b).join();
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push(next);
    }
  }
  return largest;
}

/** The pattern's bytes and stars, in the quotes that the service puts around a string. */
function symbolsOf(wildcard: Wildcard): number[] {
  const symbols = [0x22];
  for (const [n, literal] of wildcard.entries()) {
    if (n > 0) symbols.push(STAR);
    symbols.push(...Buffer.from(literal));
  }
  return [...symbols, 0x22];
}
