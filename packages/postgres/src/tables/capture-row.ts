import type { PublishableEvent } from '@tidings/contract';
import {
  CaptureError,
  emptyRow,
  type Row,
  type RowCapture,
  type RowChange,
  type RowOperation,
  rowOf,
  watchColumns,
} from '@tidings/relay';
import type { TableChange, TextRow } from './table-change.ts';
import type { TypeCatalog } from './type-catalog.ts';

/** A change with what Postgres tells beside what every feed tells. */
interface PostgresRowChange extends RowChange {
  readonly previousKeys?: Row;
}

const operations: Readonly<Record<string, RowOperation>> = {
  insert: 'insert',
  snapshot: 'insert',
  update: 'modify',
  delete: 'remove',
};

/** What is known of a table beside its changes. */
export interface TableKnowledge {
  readonly types: TypeCatalog;
  /** For changes that do not tell their key: dead letters of earlier versions. */
  readonly primaryKey: readonly string[];
  /** The statements that make Postgres send old rows whole. */
  readonly identityRemedy: string;
}

/**
 * Captures a change of a row: reads its values by their types and hands them on.
 * @throws CaptureError where no event can be made, or only one that lacks a value.
 */
export function captureRow(
  change: TableChange,
  { types, primaryKey, identityRemedy }: TableKnowledge,
  capture: RowCapture,
): readonly PublishableEvent[] {
  const { table, before, oldKey, omitted } = change;
  const now = change.now === undefined ? undefined : valuesOf(change.now, change, types);
  const old = before === undefined ? undefined : valuesOf(before, change, types);
  const previous = oldKey === undefined ? undefined : valuesOf(oldKey, change, types);
  const key = change.key === undefined ? primaryKey : change.key;
  const keys = keysOf(table, key, now ?? old, previous);
  const askedFor = watchColumns(now ?? emptyRow(), omitted ?? []);
  const row: PostgresRowChange = {
    id: change.id,
    table,
    operation: operations[change.kind] as RowOperation,
    keys,
    occurredAt: new Date(change.occurredAt),
    ...(now !== undefined && { now }),
    ...(old !== undefined && { before: old }),
    ...(previous !== undefined && now !== undefined && { previousKeys: previous }),
    ...(omitted !== undefined && { omitted }),
  };
  let events: readonly PublishableEvent[] = [];
  let refusal: unknown;
  try {
    events = capture.capture(row);
  } catch (error) {
    refusal = error;
  }
  // Whatever was made of a value that is missing is not the truth.
  const missing = askedFor();
  if (missing !== undefined) {
    throw new CaptureError(
      `column ${missing} of ${table} is large, was not changed and was therefore not sent; run ` +
        `${identityRemedy}, or leave the column out of the schema`,
    );
  }
  if (refusal !== undefined) throw refusal;
  return events;
}

function valuesOf(row: TextRow, change: TableChange, types: TypeCatalog): Record<string, unknown> {
  const values = emptyRow();
  for (const column in row) {
    const text = row[column] ?? null;
    values[column] = text === null ? null : readValue(text, column, change, types);
  }
  return values;
}

function readValue(text: string, column: string, change: TableChange, types: TypeCatalog): unknown {
  const read = types.readerOf(change.types[column] ?? 0);
  try {
    return read === undefined ? text : read(text);
  } catch {
    // Not the parser's message: it quotes the value.
    throw new CaptureError(`column ${column} of ${change.table} holds a value not of its type`);
  }
}

/**
 * The row's key; where no more than the replica identity was sent and that does not hold
 * the key, what was sent.
 */
function keysOf(
  table: string,
  key: readonly string[] | null,
  image: Row | undefined,
  identity: Row | undefined,
): Row {
  if (key === null) {
    throw new CaptureError(
      `the primary key of ${table} has changed since, and this change does not tell what it was; ` +
        'make up for it by other means',
    );
  }
  const row = image ?? identity ?? emptyRow();
  const sent = key.filter((column) => Object.hasOwn(row, column));
  if (image === undefined && sent.length < key.length) return row;
  return rowOf(sent.map((column) => [column, row[column]] as const));
}
