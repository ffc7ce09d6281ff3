import type { FieldValue, Membership } from './field-value.ts';

/** What one leaf of a pattern finds in an event, as far as arrays are concerned. */
export interface Finding {
  /** The values that satisfy the leaf. */
  readonly matched: readonly FieldValue[];
  /** Every value at the leaf's path, if the leaf accepts that there is none. */
  readonly unwanted: readonly FieldValue[] | undefined;
}

/** Where values of one leaf are: here, and in the elements of the arrays below. */
interface Place {
  hasValue: boolean;
  /** By the number of the array, then by the index of the element. */
  readonly arrays: Map<number, Map<number, Place>>;
}

/**
 * Whether each leaf can be given a value such that no two of them lie in
 * different elements of one array. The findings come in the order of their
 * paths, because the service decides the lack of a field by the elements that
 * the leaves before it are in: a field is lacking if all its values lie
 * elsewhere.
 *
 * Tries the values leaf by leaf, and remembers what failed by the elements that
 * the remaining leaves can see, so that arrays which have nothing to do with
 * each other are not multiplied.
 */
export function isConsistent(findings: readonly Finding[]): boolean {
  const lastLeaf = new Map<number, number>();
  const leaves = findings.map(({ matched, unwanted }, leaf) => ({
    matched: placesOf(matched, lastLeaf, leaf),
    unwanted: unwanted && placesOf(unwanted, lastLeaf, leaf),
  }));
  const failed = leaves.map(() => new Set<string>());
  /** The element entered in each array, in the order in which they were entered. */
  const entered = new Map<number, number>();

  const satisfyFrom = (leaf: number): boolean => {
    const wanted = leaves[leaf];
    if (wanted === undefined) return true;
    let visible = '';
    for (const [array, index] of entered) {
      if ((lastLeaf.get(array) ?? -1) >= leaf) visible += `${array}:${index} `;
    }
    if (failed[leaf]?.has(visible)) return false;
    const next = (): boolean => satisfyFrom(leaf + 1);
    const isLacking = wanted.unwanted !== undefined && !visit(wanted.unwanted, entered, () => true);
    if ((isLacking && next()) || visit(wanted.matched, entered, next)) return true;
    failed[leaf]?.add(visible);
    return false;
  };
  return satisfyFrom(0);
}

/** Enters each place with a value that the elements entered so far allow, until one is found good. */
function visit(place: Place, entered: Map<number, number>, isGood: () => boolean): boolean {
  if (place.hasValue && isGood()) return true;
  for (const [array, elements] of place.arrays) {
    const index = entered.get(array);
    if (index !== undefined) {
      const element = elements.get(index);
      if (element !== undefined && visit(element, entered, isGood)) return true;
      continue;
    }
    for (const [other, element] of elements) {
      entered.set(array, other);
      const found = visit(element, entered, isGood);
      entered.delete(array);
      if (found) return true;
    }
  }
  return false;
}

/** Arranges values by their elements, and notes the leaf as the last one in their arrays. */
function placesOf(
  values: readonly FieldValue[],
  lastLeaf: Map<number, number>,
  leaf: number,
): Place {
  const places = new Map<Membership | undefined, Place>();
  const placeAt = (membership: Membership | undefined): Place => {
    let place = places.get(membership);
    if (place === undefined) {
      place = { hasValue: false, arrays: new Map() };
      places.set(membership, place);
      if (membership !== undefined) {
        const { arrays } = placeAt(membership.outer);
        const elements = arrays.get(membership.array) ?? new Map();
        arrays.set(membership.array, elements.set(membership.index, place));
        lastLeaf.set(membership.array, leaf);
      }
    }
    return place;
  };
  const root = placeAt(undefined);
  for (const value of values) placeAt(value.membership).hasValue = true;
  return root;
}
