/**
 * The place behind the string that begins at `start` in JSON text; the end of the text where
 * the string has none. A regular expression that repeats a choice, as one for strings with
 * escapes does, overflows the stack on megabytes of text.
 */
export function jsonStringEnd(json: string, start: number): number {
  let end = start;
  do {
    end = json.indexOf('"', end + 1);
    if (end < 0) return json.length;
  } while (isEscaped(json, end));
  return end + 1;
}

function isEscaped(json: string, at: number): boolean {
  let backslashes = 0;
  while (json[at - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}
