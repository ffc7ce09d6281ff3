/** Variables of a rule's template are names, those of a pipe's are paths. */
const variablePattern = /<([A-Za-z0-9_.-]+|\$[^<>\s"]*)>/g;

/** Names of the variables that a template uses. */
export function templateVariables(template: string): readonly string[] {
  return [...template.matchAll(variablePattern)].map(([, name = '']) => name);
}

/**
 * Fills in an input template by the service's quoting rules. Outside of quotes a value
 * is written as JSON, so that a text gets its quotes. Inside of quotes a text is
 * written bare, with what JSON demands escaped, and an object or list loses the quotes
 * of its own. A variable that the event has no value for becomes an empty text outside
 * of quotes and nothing inside.
 */
export function fillTemplate(template: string, lookUp: (variable: string) => unknown): string {
  let filled = '';
  let isQuoted = false;
  for (let at = 0; at < template.length; ) {
    variablePattern.lastIndex = at;
    const found = template[at] === '<' ? variablePattern.exec(template) : null;
    if (found?.index === at) {
      const value = lookUp(found[1] ?? '');
      filled += isQuoted ? insideQuotes(value) : JSON.stringify(value ?? '');
      at += found[0].length;
      continue;
    }
    const char = template.charAt(at);
    if (isQuoted && char === '\\') {
      filled += template.slice(at, at + 2);
      at += 2;
      continue;
    }
    if (char === '"') isQuoted = !isQuoted;
    filled += char;
    at += 1;
  }
  return filled;
}

function insideQuotes(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return JSON.stringify(value).slice(1, -1);
  return JSON.stringify(value).replaceAll('\\"', '').replaceAll('"', '');
}
