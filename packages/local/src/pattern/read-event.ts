import { FieldValue, type Membership } from './field-value.ts';
import { JsonSyntaxError } from './json-syntax-error.ts';
import { Token } from './json-token.ts';
import { JsonTokens } from './json-tokens.ts';
import { descend, type PathNode, type PathTable } from './path-table.ts';

/**
 * An event as its JSON text, or as the value that the text stands for. The text
 * is exact: numbers are compared as they were written, where `JSON.parse` would
 * have rounded them, and of a repeated name every value counts, as it does in
 * the service.
 */
export type EventInput = string | object;

/** The leaves of an event that a {@link PathTable} asks for. */
export interface FlatEvent {
  /** The values of each numbered path, in the event's order; undefined where it has none. */
  readonly fields: readonly (readonly FieldValue[] | undefined)[];
  /** How many arrays were met on the paths asked for. */
  readonly arrays: number;
}

/** The event is not a JSON object. */
export class InvalidEventError extends Error {
  override readonly name = 'InvalidEventError';
}

/**
 * Reads an event. Values in arrays, however deep, are values of the array's own
 * path; empty objects and arrays leave nothing behind.
 *
 * @throws InvalidEventError where the event is not a JSON object.
 */
export function readEvent(event: EventInput, table: PathTable): FlatEvent {
  const text = typeof event === 'string' ? event : JSON.stringify(event);
  return new EventReader(text, table.size).read(table.root);
}

class EventReader {
  private readonly tokens: JsonTokens;
  private readonly fields: (FieldValue[] | undefined)[];
  private arrays = 0;

  constructor(text: string, paths: number) {
    this.tokens = new JsonTokens(text);
    this.fields = new Array(paths).fill(undefined);
  }

  read(root: PathNode): FlatEvent {
    try {
      if (this.tokens.next() !== Token.objectStart) {
        throw new InvalidEventError('an event must be a JSON object');
      }
      this.readObject(root, undefined);
      if (this.tokens.next() !== Token.end) {
        throw new InvalidEventError('an event must be one JSON object with nothing behind it');
      }
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      throw new InvalidEventError(`an event must be a JSON object: ${error.message}`);
    }
    return { fields: this.fields, arrays: this.arrays };
  }

  private readObject(node: PathNode, membership: Membership | undefined): void {
    const { tokens } = this;
    while (tokens.next() !== Token.objectEnd) {
      const child = descend(node, tokens.name);
      const token = tokens.next();
      if (child === undefined) tokens.skipValue();
      else this.readValue(token, child, membership);
    }
  }

  private readValue(token: Token, node: PathNode, membership: Membership | undefined): void {
    if (token === Token.objectStart) this.readObject(node, membership);
    else if (token === Token.arrayStart) this.readArray(node, membership);
    else this.add(token, node, membership);
  }

  private readArray(node: PathNode, outer: Membership | undefined): void {
    const array = this.arrays++;
    for (let index = 0; ; index++) {
      const token = this.tokens.next();
      if (token === Token.arrayEnd) return;
      const isContainer = token === Token.objectStart || token === Token.arrayStart;
      this.readValue(token, node, isContainer ? { array, index, outer } : outer);
    }
  }

  private add(token: Token, node: PathNode, membership: Membership | undefined): void {
    if (node.slot === undefined) return;
    const value = new FieldValue(valueType(token), this.tokens.text(), membership);
    const values = this.fields[node.slot];
    if (values === undefined) this.fields[node.slot] = [value];
    else values.push(value);
  }
}

function valueType(token: Token): FieldValue['type'] {
  if (token === Token.string) return 'string';
  return token === Token.number ? 'number' : 'literal';
}
