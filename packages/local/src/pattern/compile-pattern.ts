import { type BoundLeaf, bindLeaf, matchesAlternative } from './bound-leaf.ts';
import { type Alternative, parsePattern } from './parse-pattern.ts';
import { PathTable } from './path-table.ts';
import { type EventInput, readEvent } from './read-event.ts';

/** A pattern that the service accepts. It is immutable and can be shared. */
export interface CompiledPattern {
  /** The pattern as it was given. */
  readonly text: string;
  /** What `$or` multiplies out to; an event matches the pattern if it matches one of them. */
  readonly alternatives: readonly Alternative[];
  /**
   * Whether the event matches. The event is its JSON text, or a value, which
   * then means what its JSON text means; only the text keeps a number beyond
   * 2^53 or with more digits than a double as it was written.
   *
   * @throws InvalidEventError where the event is not a JSON object.
   */
  matches(event: EventInput): boolean;
}

/**
 * Compiles an event pattern of EventBridge's language.
 *
 * @throws InvalidPatternError where the service would refuse the pattern, with its words.
 */
export function compilePattern(text: string): CompiledPattern {
  const alternatives = parsePattern(text);
  const table = new PathTable();
  const leaves = new Map(alternatives.flat().map((leaf) => [leaf, bindLeaf(leaf, table)]));
  const bound = alternatives.map((alternative) =>
    alternative.map((leaf) => leaves.get(leaf) as BoundLeaf),
  );
  return Object.freeze({
    text,
    alternatives,
    matches(event: EventInput): boolean {
      const flat = readEvent(event, table);
      return bound.some((alternative) => matchesAlternative(alternative, flat));
    },
  });
}
