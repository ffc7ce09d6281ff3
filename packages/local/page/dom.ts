import { formatJson } from './format-json.ts';

/** What an element gets: attributes, and listeners under names such as `onclick`. */
export interface Properties {
  readonly [name: string]: string | boolean | ((event: Event) => void) | undefined;
}

/** Finds an element of the page that must be there. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element ${id}.`);
  return found as T;
}

/** Makes an element. Text is only ever set as text, so that event data is never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value);
    else if (typeof value === 'boolean') made.toggleAttribute(name, value);
    else if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** A table with a header. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (Node | string)[])[],
): HTMLTableElement {
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...head.map((text) => element('th', {}, text)))),
    element(
      'tbody',
      {},
      ...rows.map((row) => element('tr', {}, ...row.map((cell) => element('td', {}, cell)))),
    ),
  );
}

/** JSON text with its parts told apart by colour, and every number as it was written. */
export function jsonView(json: string): HTMLPreElement {
  const text = formatJson(json);
  const view = element('pre');
  const token = /("(?:\\.|[^"\\])*")(\s*:)?|-?\d[\d.eE+-]*|true|false|null/g;
  let at = 0;
  for (const found of text.matchAll(token)) {
    view.append(text.slice(at, found.index));
    const [whole, quoted, colon] = found;
    if (quoted === undefined) view.append(element('span', { class: 'other' }, whole));
    else {
      const kind = colon === undefined ? 'text' : 'key';
      view.append(element('span', { class: kind }, quoted), colon ?? '');
    }
    at = found.index + whole.length;
  }
  view.append(text.slice(at));
  return view;
}
