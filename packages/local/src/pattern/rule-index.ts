import type { CompiledPattern } from './compile-pattern.ts';
import type { EventInput } from './read-event.ts';
import { type Doors, matchAtDoors, openDoors } from './rule-doors.ts';

/** Many patterns that are asked together: which of them does an event match? */
export interface RuleIndex {
  /** Adds a pattern under an id, in place of the one that had the id. */
  add(id: string, pattern: CompiledPattern): void;
  /** Takes a pattern out; says whether there was one. */
  remove(id: string): boolean;
  /**
   * The ids of all patterns that the event matches, in the order in which the
   * ids were first added. The event is read once, whatever the number of
   * patterns; see {@link CompiledPattern.matches} for what it may be.
   *
   * @throws InvalidEventError where the event is not a JSON object.
   */
  match(event: EventInput): string[];
  /** How many patterns there are. */
  readonly size: number;
}

/**
 * An empty index. A change costs nothing by itself; the first event after it
 * pays for indexing all patterns again, about a millisecond for 300 of them.
 */
export function ruleIndex(): RuleIndex {
  const patterns = new Map<string, CompiledPattern>();
  let doors: Doors | undefined;
  return {
    add(id, pattern) {
      patterns.set(id, pattern);
      doors = undefined;
    },
    remove(id) {
      doors = undefined;
      return patterns.delete(id);
    },
    match(event) {
      doors ??= openDoors(patterns);
      return matchAtDoors(doors, event);
    },
    get size() {
      return patterns.size;
    },
  };
}
