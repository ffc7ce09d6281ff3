import { type Row, rowOf } from '@tidings/relay';

/** What a feed does not tell about a table, and its owner does. */
export interface TableFacts {
  /** Columns of the primary key: what `keys` of a change holds and what orders its events. */
  readonly primaryKey?: readonly string[];
  /** Columns that may be NULL: AWS DMS leaves those out that are, and they become null again. */
  readonly nullable?: readonly string[];
}

/** The named columns of a row; undefined where it lacks one. */
export function keysIn(
  row: Row | undefined,
  columns: readonly string[] | undefined,
): Row | undefined {
  if (row === undefined || columns === undefined || columns.length === 0) return undefined;
  if (!columns.every((column) => Object.hasOwn(row, column))) return undefined;
  return rowOf(columns.map((column) => [column, row[column]]));
}

/** One lane a row where its key is known, else one for all that share the record's key. */
export function laneOf(table: string, keys: Row, recordKey: string | undefined): string {
  const names = Object.keys(keys);
  if (names.length === 0) return recordKey ?? '';
  return [table, ...names.sort().map((name) => String(keys[name]))].join('\n');
}
