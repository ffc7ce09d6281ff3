import { agreeOnElements, type BoundLeaf, bindLeaf, isPossible } from './bound-leaf.ts';
import type { CompiledPattern } from './compile-pattern.ts';
import { describeMatchers, describeValue } from './describe-matcher.ts';
import type { FieldValue } from './field-value.ts';
import { PathTable } from './path-table.ts';
import { type EventInput, type FlatEvent, readEvent } from './read-event.ts';

/** Why an event matches a pattern or does not, in one sentence for a person. */
export type Explanation =
  | { readonly matched: true; readonly sentence: string }
  | {
      readonly matched: false;
      /** The field that did not match, its names joined by dots. */
      readonly path: string;
      readonly sentence: string;
    };

/**
 * Says which field of the pattern did not match, and why. Where the pattern has
 * several alternatives it speaks of the one that came closest, that is the one
 * with the fewest fields that did not match.
 *
 * @throws InvalidEventError where the event is not a JSON object.
 */
export function explain(pattern: CompiledPattern, event: EventInput): Explanation {
  const table = new PathTable();
  const alternatives = pattern.alternatives.map((alternative) =>
    alternative.map((leaf) => bindLeaf(leaf, table)),
  );
  const flat = readEvent(event, table);
  let closest: { leaves: BoundLeaf[]; failed: BoundLeaf[] } | undefined;
  for (const leaves of alternatives) {
    const failed = leaves.filter((leaf) => !isPossible(leaf, flat));
    if (failed.length === 0 && agreeOnElements(leaves, flat)) {
      return { matched: true, sentence: 'The event matches the pattern.' };
    }
    if (closest === undefined || failed.length < closest.failed.length) {
      closest = { leaves, failed };
    }
  }
  if (closest === undefined) throw new TypeError('a compiled pattern has at least one alternative');
  const others = alternatives.length - 1;
  const ending =
    others === 0
      ? '.'
      : `; the other ${others === 1 ? 'alternative' : `${others} alternatives`} of $or did not match either.`;
  const [first] = closest.failed;
  if (first !== undefined) {
    return {
      matched: false,
      path: first.leaf.path,
      sentence: oneField(first, flat) + ending,
    };
  }
  const { path, reason } = disagreement(closest.leaves, flat);
  return { matched: false, path, sentence: reason + ending };
}

function oneField({ leaf, slot }: BoundLeaf, event: FlatEvent): string {
  const name = JSON.stringify(leaf.path);
  const wanted = describeMatchers(leaf.matchers);
  const values = event.fields[slot];
  return values === undefined
    ? `Field ${name} must be ${wanted}, and the event has no value there`
    : `Field ${name} must be ${wanted}, and is ${describeValues(values)}`;
}

/** Finds the first leaf that no longer fits the elements of the leaves before it. */
function disagreement(
  leaves: readonly BoundLeaf[],
  event: FlatEvent,
): { path: string; reason: string } {
  const at = leaves.findIndex((_, n) => !agreeOnElements(leaves.slice(0, n + 1), event));
  const leaf = leaves[at] as BoundLeaf;
  const before = leaves.slice(0, at).filter((other) => other.lastOffer === 'in-arrays');
  const { path } = leaf.leaf;
  // Alone it can only be a field that should be absent, and is in some element.
  if (before.length === 0) return { path, reason: oneField(leaf, event) };
  const names = before.map((other) => JSON.stringify(other.leaf.path)).join(', ');
  return {
    path,
    reason: `Field ${JSON.stringify(path)} matches by itself, but not in the same array element as ${names}`,
  };
}

function describeValues(values: readonly FieldValue[]): string {
  const shown = values.slice(0, 3).map(describeValue);
  const more = values.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
