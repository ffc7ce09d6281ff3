/** A member of a JSON object, by where it stands in the text. */
export interface JsonMember {
  /** Its name, unescaped. */
  readonly name: string;
  /** Index of the name's opening quote. */
  readonly from: number;
  readonly valueFrom: number;
  /** Index behind the value's last character. */
  readonly to: number;
}

/**
 * Finds the members of the object that begins at `from`, without reading their values:
 * what is cut out or put in leaves every other character as it was written. The text must
 * be valid JSON.
 * @throws Error where no object begins there.
 */
export function jsonMembers(text: string, from = 0): readonly JsonMember[] {
  let at = skipSpace(text, from);
  if (text[at] !== '{') throw new Error('the text holds no JSON object where one should be');
  const members: JsonMember[] = [];
  at = skipSpace(text, at + 1);
  while (text[at] === '"') {
    const nameTo = endOfString(text, at);
    const valueFrom = skipSpace(text, skipSpace(text, nameTo) + 1);
    const to = endOfValue(text, valueFrom);
    members.push({ name: JSON.parse(text.slice(at, nameTo)), from: at, valueFrom, to });
    at = skipSpace(text, to);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\t' || text[at] === '\r') at += 1;
  return at;
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfValue(text: string, from: number): number {
  let at = from;
  let depth = 0;
  while (at < text.length) {
    const character = text[at];
    if (character === '"') {
      at = endOfString(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      // The object around a number, a word or nothing ends here, and so does the value.
      if (depth === 0) break;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (character === ',' || character === ' ' || character === '\n')) break;
    else if (depth === 0 && (character === '\t' || character === '\r')) break;
    at += 1;
  }
  return at;
}
