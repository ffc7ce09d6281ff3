/** A piece of a template: text that stays, or a variable. */
type Part = { readonly text: string } | { readonly variable: string; readonly isQuoted: boolean };

/** Variables of a rule's template are names, those of a pipe's are paths. */
const variablePattern = /^<([A-Za-z0-9_.-]+|\$[^<>\s"]*)>/;
/** The longest variable that is looked for: a path may have 256 characters. */
const maxVariableLength = 300;

/** Names of the variables that a template uses. */
export function templateVariables(template: string): readonly string[] {
  return partsOf(template).flatMap((part) => ('variable' in part ? [part.variable] : []));
}

/**
 * Fills in an input template by the service's quoting rules. Outside of quotes a value
 * is written as JSON, so that a text gets its quotes. Inside of quotes a text is
 * written bare, with what JSON demands escaped, and an object or list loses the quotes
 * of its own. A variable that the event has no value for becomes an empty text outside
 * of quotes and nothing inside. Only a template of texts drops an object's quotes; in one
 * that is an object they stay, and break it.
 * @param lookUp JSON text of the variable's value; undefined where there is none.
 */
export function fillTemplate(
  template: string,
  lookUp: (variable: string) => string | undefined,
): string {
  const ofTexts = isOfTexts(template);
  return partsOf(template)
    .map((part) => {
      if ('text' in part) return part.text;
      const json = lookUp(part.variable);
      return part.isQuoted ? insideQuotes(json, ofTexts) : (json ?? '""');
    })
    .join('');
}

function partsOf(template: string): readonly Part[] {
  const parts: Part[] = [];
  let isQuoted = false;
  let from = 0;
  for (let at = 0; at < template.length; ) {
    const char = template.charAt(at);
    const found =
      char === '<' ? variablePattern.exec(template.slice(at, at + maxVariableLength)) : null;
    if (found !== null) {
      parts.push({ text: template.slice(from, at) }, { variable: found[1] ?? '', isQuoted });
      at += found[0].length;
      from = at;
      continue;
    }
    if (char === '"') isQuoted = !isQuoted;
    at += isQuoted && char === '\\' ? 2 : 1;
  }
  parts.push({ text: template.slice(from) });
  return parts;
}

/** Whether a filled-in template is what a target can be sent: JSON, or a text per line. */
export function isPayload(template: string, filled: string): boolean {
  return isOfTexts(template)
    ? filled.split('\n').every((line) => line.trim() === '' || isJson(line))
    : isJson(filled);
}

function isOfTexts(template: string): boolean {
  return template.trimStart().startsWith('"');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Text is written bare; in a template of texts, an object or list loses its quotes. */
function insideQuotes(json: string | undefined, ofTexts: boolean): string {
  if (json === undefined || json === 'null') return '';
  if (json.startsWith('"')) return json.slice(1, -1);
  if (!ofTexts) return json;
  return json.replaceAll('\\"', '').replaceAll('"', '');
}
