/**
 * Whether JSON text nests objects and lists deeper than `max`. It reads the text without
 * recursion, so that no depth is too much for it.
 */
export function isDeeperThan(max: number, json: string): boolean {
  // Each level takes two characters.
  if (json.length < 2 * max) return false;
  let depth = 0;
  let isText = false;
  for (let at = 0; at < json.length; at += 1) {
    const char = json[at];
    if (isText) {
      if (char === '\\') at += 1;
      else if (char === '"') isText = false;
    } else if (char === '"') isText = true;
    else if (char === '{' || char === '[') {
      depth += 1;
      if (depth > max) return true;
    } else if (char === '}' || char === ']') depth -= 1;
  }
  return false;
}
