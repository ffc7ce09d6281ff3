/** Whether a name may be told. A record's keys may be anybody's: only a schema's names are. */
export type IsTold = (name: PropertyKey) => boolean;

/** `data`, and the way down: `items`, 2, `sku` -> `data.items[2].sku`. Names not told are `*`. */
export function pathText(path: readonly PropertyKey[], data: unknown, isTold: IsTold): string {
  let text = 'data';
  let value = data;
  for (const key of path) {
    const isIndex = typeof key === 'number' && Array.isArray(value);
    text += isIndex ? `[${key}]` : `.${isTold(key) ? String(key) : '*'}`;
    value = Object(value)[key];
  }
  return text;
}
