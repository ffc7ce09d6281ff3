/** Elements of an array: values, null for NULL, or arrays of a further dimension. */
export type ArrayOf<Element> = readonly (Element | null | ArrayOf<Element>)[];

/**
 * Reads Postgres' text of an array, of any number of dimensions: `{1,NULL,"a \"b\""}`.
 * Bounds that do not begin at 1 (`[0:1]={a,b}`) are left out.
 * @throws Error on text that is no array.
 */
export function parseArrayLiteral<Element>(
  text: string,
  delimiter: string,
  read: (element: string) => Element,
): ArrayOf<Element> {
  let at = text.startsWith('[') ? text.indexOf('=') + 1 : 0;
  const malformed = (): Error => new Error('a value of an array type is no array');

  function quoted(): string {
    let value = '';
    for (at += 1; text[at] !== '"'; at++) {
      if (at >= text.length) throw malformed();
      if (text[at] === '\\') at += 1;
      value += text[at];
    }
    at += 1;
    return value;
  }

  function bare(): string {
    const from = at;
    while (at < text.length && text[at] !== delimiter && text[at] !== '}') at += 1;
    return text.slice(from, at);
  }

  function element(): Element | null | ArrayOf<Element> {
    if (text[at] === '{') return elements();
    if (text[at] === '"') return read(quoted());
    const value = bare();
    return value === 'NULL' ? null : read(value);
  }

  function elements(): ArrayOf<Element> {
    if (text[at] !== '{') throw malformed();
    at += 1;
    const list: (Element | null | ArrayOf<Element>)[] = [];
    while (text[at] !== '}') {
      list.push(element());
      if (text[at] === delimiter) at += 1;
      else if (text[at] !== '}') throw malformed();
    }
    at += 1;
    return list;
  }

  const list = elements();
  if (at !== text.length) throw malformed();
  return list;
}
