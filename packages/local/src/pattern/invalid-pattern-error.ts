import { describePosition, positionOf } from './json-syntax-error.ts';

/**
 * The pattern is not one that the service accepts. `message` is the service's
 * own (`InvalidEventPatternException`): "Event pattern is not valid. Reason: ",
 * the reason, and where it has one the position in the pattern.
 */
export class InvalidPatternError extends Error {
  override readonly name = 'InvalidPatternError';
  /** What is wrong, without prefix and position: "Empty arrays are not allowed". */
  readonly reason: string;
  /** Line and column, both from 1, that the reason points at; some reasons point nowhere. */
  readonly position: { readonly line: number; readonly column: number } | undefined;

  /**
   * `offsets` are the indexes in `text` that the reason points at: none, one, or
   * two where the service reports the same complaint from within a list, once
   * for the list and once for its member.
   */
  constructor(reason: string, text: string, offsets: readonly number[]) {
    const where = offsets.map((offset) => `\n at ${describePosition(text, offset)}`);
    super(`Event pattern is not valid. Reason: ${reason}${where.join('')}`);
    this.reason = reason;
    const [first] = offsets;
    this.position = first === undefined ? undefined : positionOf(text, first);
  }
}
