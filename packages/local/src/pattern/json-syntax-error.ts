/**
 * The text is not JSON. `message` is the sentence of the service's parser
 * (Jackson), because it becomes part of an answer that a client of the bus sees.
 */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  /** Index in the text that the complaint points at. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * A position as the service writes it: `[Source: (String)"…"; line: 1, column: 2]`.
 * The text is quoted up to its 500th character, control characters other than
 * line ends as escapes.
 */
export function describePosition(source: string, offset: number): string {
  const { line, column } = positionOf(source, offset);
  const excerpt = source.slice(0, 500).replace(/\p{Cc}/gu, escapeControl);
  const rest = source.length - 500;
  const truncated = rest > 0 ? `[truncated ${rest} chars]` : '';
  return `[Source: (String)"${excerpt}"${truncated}; line: ${line}, column: ${column}]`;
}

/** Line and column, both counted from 1, of the character at `offset`. */
export function positionOf(source: string, offset: number): { line: number; column: number } {
  let line = 1;
  let lineStart = 0;
  for (let at = 0; at < offset; at++) {
    const code = source.charCodeAt(at);
    if (code === 0x0a || (code === 0x0d && source.charCodeAt(at + 1) !== 0x0a)) {
      line++;
      lineStart = at + 1;
    }
  }
  return { line, column: offset - lineStart + 1 };
}

/** Throws "Unexpected character ('x' (code 120)): comment" about the character at `offset`. */
export function unexpectedCharacter(source: string, offset: number, comment: string): never {
  const character = describeCharacter(source.charCodeAt(offset));
  throw new JsonSyntaxError(`Unexpected character (${character}): ${comment}`, offset);
}

export function describeCharacter(code: number): string {
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return `(CTRL-CHAR, code ${code})`;
  const hex = code > 255 ? ` / 0x${code.toString(16)}` : '';
  return `'${String.fromCharCode(code)}' (code ${code}${hex})`;
}

function escapeControl(character: string): string {
  if (character === '\n' || character === '\r') return character;
  return `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
