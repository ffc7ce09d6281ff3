import { type Finding, isConsistent } from './array-consistency.ts';
import type { FieldValue } from './field-value.ts';
import type { Leaf } from './parse-pattern.ts';
import type { PathTable } from './path-table.ts';
import type { FlatEvent } from './read-event.ts';
import { matchesValue } from './value-matcher.ts';

/**
 * What an event offers a leaf: nothing; a match that no other leaf can disturb;
 * or a match, or a lack, that depends on the array elements of the other leaves.
 */
type Offer = 'none' | 'free' | 'in-arrays';

/** A leaf that knows its field's number, and remembers what the last event offered it. */
export interface BoundLeaf {
  readonly leaf: Leaf;
  readonly slot: number;
  lastEvent: FlatEvent | undefined;
  lastOffer: Offer;
}

export function bindLeaf(leaf: Leaf, table: PathTable): BoundLeaf {
  return { leaf, slot: table.slotOf(leaf.path), lastEvent: undefined, lastOffer: 'none' };
}

/** Whether all leaves match together: each by itself, and none in another element of one array. */
export function matchesAlternative(leaves: readonly BoundLeaf[], event: FlatEvent): boolean {
  for (const leaf of leaves) if (!isPossible(leaf, event)) return false;
  return event.arrays === 0 || agreeOnElements(leaves, event);
}

/** Whether the leaf can match by itself. Evaluated once an event, however many patterns ask. */
export function isPossible(leaf: BoundLeaf, event: FlatEvent): boolean {
  if (leaf.lastEvent !== event) {
    leaf.lastOffer = offer(leaf, event);
    leaf.lastEvent = event;
  }
  return leaf.lastOffer !== 'none';
}

/** Whether leaves that are each possible match in the same elements of every array. */
export function agreeOnElements(leaves: readonly BoundLeaf[], event: FlatEvent): boolean {
  const inArrays = leaves.filter(
    (leaf) => isPossible(leaf, event) && leaf.lastOffer === 'in-arrays',
  );
  if (inArrays.length === 0) return true;
  // Entering an element can make a field lacking, so then no leaf is left out.
  const involved = inArrays.some(({ leaf }) => leaf.acceptsAbsence) ? leaves : inArrays;
  return isConsistent(involved.map((leaf) => find(leaf, event)));
}

function offer({ leaf, slot }: BoundLeaf, event: FlatEvent): Offer {
  const values = event.fields[slot];
  if (values === undefined) return leaf.acceptsAbsence ? 'free' : 'none';
  let best: Offer = 'none';
  let isOutsideArrays = false;
  for (const value of values) {
    if (value.membership === undefined) isOutsideArrays = true;
    if (matchesLeaf(leaf, value)) {
      if (value.membership === undefined) return 'free';
      best = 'in-arrays';
    }
  }
  return leaf.acceptsAbsence && !isOutsideArrays ? 'in-arrays' : best;
}

function find({ leaf, slot }: BoundLeaf, event: FlatEvent): Finding {
  const values = event.fields[slot] ?? [];
  return {
    matched: values.filter((value) => matchesLeaf(leaf, value)),
    unwanted: leaf.acceptsAbsence ? values : undefined,
  };
}

function matchesLeaf(leaf: Leaf, value: FieldValue): boolean {
  for (const matcher of leaf.matchers) if (matchesValue(matcher, value)) return true;
  return false;
}
