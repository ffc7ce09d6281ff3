/** Which part of a value must equal the text. */
export type Extent = 'all' | 'prefix' | 'suffix';

/**
 * An expression for "equals ignoring case". The service folds the pattern's
 * characters one by one into their lower-case and their upper-case form and
 * accepts either, so `ß` matches `ß` and `SS` but not `ss`, and `σ` matches `Σ`
 * but not a final `ς`. Characters outside the BMP have no other case here; the
 * service never matches them at all.
 */
export function ignoreCase(text: string, extent: Extent): RegExp {
  let body = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    const lower = character.toLowerCase();
    const upper = character.toUpperCase();
    body += lower === upper ? literal(character) : `(?:${literal(lower)}|${literal(upper)})`;
  }
  return new RegExp(`${extent === 'suffix' ? '' : '^'}${body}${extent === 'prefix' ? '' : '$'}`);
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
