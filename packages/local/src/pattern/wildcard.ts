/**
 * A wildcard pattern cut at its stars: the value must begin with the first
 * literal, end with the last, and hold the others between in their order. One
 * literal alone is the whole value.
 */
export type Wildcard = readonly string[];

/**
 * Reads a wildcard pattern; `*` stands for any characters or none, `\*` and `\\`
 * for themselves. Returns the service's reason as a string where it is invalid;
 * its positions count UTF-8 bytes from the quote before the text.
 */
export function parseWildcard(text: string): Wildcard | string {
  const literals: string[] = [];
  let literal = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    const next = text.charAt(at + 1);
    if (character === '*') {
      if (next === '*') return `Consecutive wildcard characters at pos ${bytePosition(text, at)}`;
      literals.push(literal);
      literal = '';
    } else if (character !== '\\') {
      literal += character;
    } else if (next === '*' || next === '\\') {
      literal += next;
      at++;
    } else {
      return `Invalid escape character at pos ${bytePosition(text, at)}`;
    }
  }
  literals.push(literal);
  return literals;
}

function bytePosition(text: string, at: number): number {
  return 1 + Buffer.byteLength(text.slice(0, at));
}

/** Whether a value matches. Linear: each literal is taken where it comes first. */
export function matchesWildcard(wildcard: Wildcard, value: string): boolean {
  const last = wildcard.length - 1;
  const head = wildcard[0] as string;
  if (last === 0) return value === head;
  const tail = wildcard[last] as string;
  const end = value.length - tail.length;
  if (!value.startsWith(head) || !value.endsWith(tail) || end < head.length) return false;
  let at = head.length;
  for (let n = 1; n < last; n++) {
    const literal = wildcard[n] as string;
    const found = value.indexOf(literal, at);
    if (found < 0) return false;
    at = found + literal.length;
  }
  return at <= end;
}
