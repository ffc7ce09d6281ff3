import type { Wildcard } from './wildcard.ts';

const STAR = -1;

/**
 * How many beginnings of the patterns one value can match at the same time, at
 * worst: the measure by which the service refuses a rule as too complex. For
 * `a*bb` it is 3, because `abb` matches `a*`, `a*b` and `a*bb`. The patterns are
 * those of one field; each counts between the quotes of a JSON string, and byte
 * by byte. A pattern is a list of wildcards, because the list in
 * `{"anything-but": {"wildcard": [...]}}` is one pattern, which counts once what
 * its wildcards have in common up to the first star.
 *
 * It walks the sets of beginnings that some value reaches, breadth first.
 * Counting stops at `limit`, which is then the answer, and after 20,000 sets.
 */
export function wildcardComplexity(
  patterns: readonly (readonly Wildcard[])[],
  limit: number,
): number {
  const { starts, steps } = beginnings(patterns);
  let largest = 0;
  const seen = new Set<string>();
  const queue = [new Set(starts)];
  for (const states of queue) {
    const looping: number[] = [];
    const bytes = new Set<number>();
    for (const state of states) {
      if (steps[state]?.loops) looping.push(state);
      for (const byte of steps[state]?.next.keys() ?? []) if (byte !== STAR) bytes.add(byte);
    }
    for (const byte of bytes) {
      const reached = new Set(looping);
      for (const state of states) {
        for (const next of steps[state]?.next.get(byte) ?? []) reached.add(next);
      }
      // A star matches nothing too, so that its beginning is reached with the one before it.
      for (const state of reached) {
        for (const next of steps[state]?.next.get(STAR) ?? []) reached.add(next);
      }
      largest = Math.max(largest, reached.size);
      if (largest >= limit || seen.size > 20_000) return limit;
      const key = [...reached].sort((a, b) => a - b).join();
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push(reached);
    }
  }
  return largest;
}

/** A beginning of some pattern: whether it ends in a star, and what continues it. */
interface Beginning {
  readonly loops: boolean;
  readonly next: Map<number, Set<number>>;
}

function beginnings(patterns: readonly (readonly Wildcard[])[]): {
  starts: number[];
  steps: Beginning[];
} {
  const starts: number[] = [];
  const steps: Beginning[] = [];
  const create = (loops: boolean): number => steps.push({ loops, next: new Map() }) - 1;
  for (const wildcards of patterns) {
    const start = create(false);
    const end = create(false);
    starts.push(start);
    for (const symbols of wildcards.map(symbolsOf)) {
      let at = start;
      let isShared = true;
      for (const [n, symbol] of symbols.entries()) {
        const targets = steps[at]?.next.get(symbol) ?? new Set();
        const [known] = targets;
        let to = isShared && known !== undefined ? known : create(symbol === STAR);
        if (n === symbols.length - 1) to = end;
        steps[at]?.next.set(symbol, targets.add(to));
        if (symbol === STAR) isShared = false;
        at = to;
      }
    }
  }
  return { starts, steps };
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
