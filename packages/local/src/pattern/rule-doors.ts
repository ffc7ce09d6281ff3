/**
 * How an event meets few of many patterns. Each alternative of a pattern waits
 * at one of its fields, its door:
 *
 * - at the exact values that it wants there, in a hash table, if it has such a
 *   field, as `source` and `detail-type` mostly are; of several, the one where
 *   the fewest others wait;
 * - else at a condition such as `{"prefix": "com.acme."}`, together with all
 *   alternatives that state the same one, so that it is put once for all.
 *
 * Only the alternatives whose door opens are looked at further, and what a leaf
 * says of an event is remembered for the other patterns that have the same leaf.
 */
import { type BoundLeaf, bindLeaf, isPossible, matchesAlternative } from './bound-leaf.ts';
import type { CompiledPattern } from './compile-pattern.ts';
import { keysOfLeaf, keysOfValue } from './exact-key.ts';
import type { Leaf } from './parse-pattern.ts';
import { PathTable } from './path-table.ts';
import { type EventInput, readEvent } from './read-event.ts';

/** One alternative of the pattern with this number. */
interface Waiting {
  readonly pattern: number;
  readonly leaves: readonly BoundLeaf[];
}

/** A field and the values that somebody wants there, exactly. */
interface ExactDoor {
  readonly slot: number;
  readonly waitingFor: Map<string, Waiting[]>;
  hasAddresses: boolean;
}

export interface Doors {
  readonly table: PathTable;
  readonly ids: readonly string[];
  readonly exact: ReadonlyMap<number, ExactDoor>;
  readonly conditions: ReadonlyMap<BoundLeaf, Waiting[]>;
}

/** The ids of the patterns that the event matches, in the order of `doors.ids`. */
export function matchAtDoors(doors: Doors, event: EventInput): string[] {
  const flat = readEvent(event, doors.table);
  const matched = new Set<number>();
  const enter = (waiting: readonly Waiting[]): void => {
    for (const { pattern, leaves } of waiting) {
      if (!matched.has(pattern) && matchesAlternative(leaves, flat)) matched.add(pattern);
    }
  };
  for (const { slot, waitingFor, hasAddresses } of doors.exact.values()) {
    for (const value of flat.fields[slot] ?? []) {
      for (const key of keysOfValue(value, hasAddresses)) enter(waitingFor.get(key) ?? []);
    }
  }
  for (const [condition, waiting] of doors.conditions) {
    if (isPossible(condition, flat)) enter(waiting);
  }
  return [...matched].sort((a, b) => a - b).map((pattern) => doors.ids[pattern] as string);
}

export function openDoors(patterns: ReadonlyMap<string, CompiledPattern>): Doors {
  const table = new PathTable();
  const leaves = new SharedLeaves(table);
  const all = [...patterns.values()].flatMap(({ alternatives }, pattern) =>
    alternatives.map((alternative): Waiting => {
      return { pattern, leaves: alternative.map((leaf) => leaves.share(leaf)) };
    }),
  );
  const exact = new Map<number, ExactDoor>();
  const conditions = new Map<BoundLeaf, Waiting[]>();
  for (const waiting of all) {
    const door = leaves.choose(waiting.leaves);
    const keys = leaves.keysOf(door);
    if (keys === undefined) append(conditions, door, waiting);
    else waitForValues(exact, door.slot, keys, waiting);
  }
  return { table, ids: [...patterns.keys()], exact, conditions };
}

function waitForValues(
  doors: Map<number, ExactDoor>,
  slot: number,
  keys: ReadonlySet<string>,
  waiting: Waiting,
): void {
  const door = doors.get(slot) ?? { slot, waitingFor: new Map(), hasAddresses: false };
  doors.set(slot, door);
  for (const key of keys) {
    append(door.waitingFor, key, waiting);
    if (key.startsWith('@')) door.hasAddresses = true;
  }
}

/** All different leaves of a set of patterns, and how many alternatives have each. */
class SharedLeaves {
  private readonly table: PathTable;
  private readonly byText = new Map<string, BoundLeaf>();
  private readonly uses = new Map<BoundLeaf, number>();
  private readonly keys = new Map<BoundLeaf, ReadonlySet<string> | undefined>();
  /** How many alternatives want each value of each field. */
  private readonly crowd = new Map<string, number>();

  constructor(table: PathTable) {
    this.table = table;
  }

  /** The one bound leaf for all leaves that say the same. */
  share(leaf: Leaf): BoundLeaf {
    const text = JSON.stringify([leaf.path, leaf.matchers]);
    let bound = this.byText.get(text);
    if (bound === undefined) {
      bound = bindLeaf(leaf, this.table);
      this.byText.set(text, bound);
      this.keys.set(bound, keysOfLeaf(leaf));
    }
    this.uses.set(bound, (this.uses.get(bound) ?? 0) + 1);
    for (const key of this.keys.get(bound) ?? []) {
      const value = `${bound.slot} ${key}`;
      this.crowd.set(value, (this.crowd.get(value) ?? 0) + 1);
    }
    return bound;
  }

  /** The exact values that a leaf asks for, if that is all it does. */
  keysOf(leaf: BoundLeaf): ReadonlySet<string> | undefined {
    return this.keys.get(leaf);
  }

  /** The leaf of an alternative at which it should wait. */
  choose(leaves: readonly BoundLeaf[]): BoundLeaf {
    let [best] = leaves;
    for (const leaf of leaves) if (this.score(leaf) > this.score(best as BoundLeaf)) best = leaf;
    return best as BoundLeaf;
  }

  /** Exact leaves before others: the less crowded first; else the rarer to hold, the more shared. */
  private score(leaf: BoundLeaf): number {
    const keys = this.keys.get(leaf);
    if (keys === undefined) return rarity(leaf.leaf) + 1 - 1 / (this.uses.get(leaf) ?? 1);
    let crowded = 0;
    for (const key of keys) {
      crowded = Math.max(crowded, this.crowd.get(`${leaf.slot} ${key}`) ?? 0);
    }
    return 10 + 1 / crowded;
  }
}

/** How seldom a condition may be expected to hold, on a scale of its own. */
function rarity(leaf: Leaf): number {
  if (leaf.acceptsAbsence) return 0;
  if (leaf.matchers.some((matcher) => matcher.kind === 'exists')) return 1;
  if (leaf.matchers.some((matcher) => matcher.kind === 'anything-but')) return 2;
  return 3;
}

function append<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
