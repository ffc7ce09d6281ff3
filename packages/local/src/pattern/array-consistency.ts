import type { FieldValue, Membership } from './field-value.ts';

/** What one leaf of a pattern finds in an event, as far as arrays are concerned. */
export interface Finding {
  /** The values that satisfy the leaf. */
  readonly matched: readonly FieldValue[];
  /** Every value at the leaf's path, if the leaf accepts that there is none; else nothing. */
  readonly unwanted: readonly FieldValue[] | undefined;
}

/**
 * Whether each leaf can be given a value such that no two of them lie in
 * different elements of one array. The findings come in the order of their
 * paths, because the service decides the lack of a field by the elements that
 * the leaves before it are in: a field is lacking if all its values lie
 * elsewhere.
 *
 * Tries the values leaf by leaf. What fails is remembered by the elements that
 * the remaining leaves can see, so that arrays which have nothing to do with
 * each other are not multiplied.
 */
export function isConsistent(findings: readonly Finding[], arrays: number): boolean {
  const chosen = new Int32Array(arrays).fill(-1);
  const shared = sharedArrays(findings, arrays);
  const failed = findings.map(() => new Set<string>());

  const satisfy = (from: number): boolean => {
    const finding = findings[from];
    if (finding === undefined) return true;
    const visible = (shared[from] as number[]).map((array) => chosen[array]).join();
    if (failed[from]?.has(visible)) return false;
    if (finding.unwanted?.every((value) => !agrees(value.membership, chosen)) === true) {
      if (satisfy(from + 1)) return true;
    }
    let tried: Membership | undefined | null = null;
    for (const { membership } of finding.matched) {
      // Neighbours in one array are alike here.
      if (membership === tried || !agrees(membership, chosen)) continue;
      tried = membership;
      const entered = enter(membership, chosen);
      if (satisfy(from + 1)) return true;
      for (const array of entered) chosen[array] = -1;
    }
    failed[from]?.add(visible);
    return false;
  };
  return satisfy(0);
}

/** For each leaf, the arrays in which both an earlier leaf and it or a later one have values. */
function sharedArrays(findings: readonly Finding[], arrays: number): number[][] {
  const first = new Int32Array(arrays).fill(findings.length);
  const last = new Int32Array(arrays).fill(-1);
  for (const [n, finding] of findings.entries()) {
    for (const value of [...finding.matched, ...(finding.unwanted ?? [])]) {
      for (let at = value.membership; at !== undefined; at = at.outer) {
        first[at.array] = Math.min(first[at.array] as number, n);
        last[at.array] = Math.max(last[at.array] as number, n);
      }
    }
  }
  const all = Array.from({ length: arrays }, (_, array) => array);
  return findings.map((_, n) =>
    all.filter((array) => (first[array] as number) < n && (last[array] as number) >= n),
  );
}

/** Whether a value lies in no other element of an array than the one chosen there. */
function agrees(membership: Membership | undefined, chosen: Int32Array): boolean {
  for (let at = membership; at !== undefined; at = at.outer) {
    const index = chosen[at.array] as number;
    if (index !== -1 && index !== at.index) return false;
  }
  return true;
}

/** Chooses a value's elements; returns the arrays in which none had been chosen. */
function enter(membership: Membership | undefined, chosen: Int32Array): number[] {
  const entered: number[] = [];
  for (let at = membership; at !== undefined; at = at.outer) {
    if (chosen[at.array] === -1) {
      chosen[at.array] = at.index;
      entered.push(at.array);
    }
  }
  return entered;
}
