/** The class of rows: made once, so that rows are objects like any other to the engine. */
const RowObject = function RowObject() {} as unknown as new () => Record<string, unknown>;
RowObject.prototype = Object.create(null) as object;

/**
 * An empty row, for columns of any name: it inherits nothing, so a column `__proto__` is one
 * like any other, and one that is not there does not read as what every object has, such as
 * `constructor`. `Object.create(null)` would do the same with slower objects.
 */
export function emptyRow<Value = unknown>(): Record<string, Value> {
  return new RowObject() as Record<string, Value>;
}

/** A row of these columns, the last of a name counting, as in `Object.fromEntries`. */
export function rowOf<Value>(entries: Iterable<readonly [string, Value]>): Record<string, Value> {
  const row = emptyRow<Value>();
  for (const [column, value] of entries) row[column] = value;
  return row;
}
