import type { PublishableEvent } from '@tidings/contract';
import {
  CaptureError,
  type Row,
  type RowCapture,
  type RowChange,
  type RowOperation,
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

/** The statement that makes Postgres send old rows whole. */
export function identityStatement(table: string): string {
  return `ALTER TABLE ${table} REPLICA IDENTITY FULL`;
}

/** What is known of a table beside its changes. */
export interface TableKnowledge {
  readonly types: TypeCatalog;
  /** Columns that `keys` gets. */
  readonly primaryKey: readonly string[];
}

/**
 * Captures a change of a row: reads its values by their types and hands them on.
 * @throws CaptureError where no event can be made, or only one that lacks a value.
 */
export function captureRow(
  change: TableChange,
  { types, primaryKey }: TableKnowledge,
  capture: RowCapture,
): readonly PublishableEvent[] {
  const { table, before, oldKey, omitted } = change;
  const now = change.now === undefined ? undefined : valuesOf(change.now, change, types);
  const old = before === undefined ? undefined : valuesOf(before, change, types);
  const previous = oldKey === undefined ? undefined : valuesOf(oldKey, change, types);
  const keys = keysOf(now ?? old ?? previous ?? {}, primaryKey);
  const askedFor = watchColumns(now ?? {}, omitted ?? []);
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
        `${identityStatement(table)}, or leave the column out of the schema`,
    );
  }
  if (refusal !== undefined) throw refusal;
  return events;
}

function valuesOf(row: TextRow, change: TableChange, types: TypeCatalog): Record<string, unknown> {
  const values: Record<string, unknown> = {};
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

function keysOf(row: Row, primaryKey: readonly string[]): Row {
  return Object.fromEntries(
    primaryKey.filter((column) => column in row).map((column) => [column, row[column]]),
  );
}
