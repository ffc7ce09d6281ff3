import { rowOf } from '@tidings/relay';
import type { TextRow } from '../tables/table-change.ts';

/** A row of a Debezium outbox, each value as the text that Postgres writes. */
export interface DebeziumRow {
  readonly id: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly type: string;
  /** The payload as it was stored: JSON text, or null. */
  readonly payload: string | null;
  /** The other columns, by name. */
  readonly extra: TextRow;
  /**
   * When the row was committed: ISO 8601. Of a row that is read again because the slot was
   * lost: when the loss was noticed.
   */
  readonly committedAt: string;
}

/** Names of the columns where they are not Debezium's own. */
export interface DebeziumColumns {
  /** Default `id`. */
  readonly id: string;
  /** Default `aggregatetype`. */
  readonly aggregateType: string;
  /** Default `aggregateid`. */
  readonly aggregateId: string;
  /** Default `type`. */
  readonly type: string;
  /** Default `payload`. */
  readonly payload: string;
}

/** The columns that Debezium's outbox event router reads unless told otherwise. */
export const debeziumColumns: DebeziumColumns = {
  id: 'id',
  aggregateType: 'aggregatetype',
  aggregateId: 'aggregateid',
  type: 'type',
  payload: 'payload',
};

/** Reads a row; a column that is null and must not be is left empty for the envelope's checks. */
export function debeziumRowOf(
  values: TextRow,
  columns: DebeziumColumns,
  committedAt: string,
): DebeziumRow {
  const named = new Set<string>(Object.values(columns));
  const extra = Object.entries(values).filter(([column]) => !named.has(column));
  return {
    id: values[columns.id] ?? '',
    aggregateType: values[columns.aggregateType] ?? '',
    aggregateId: values[columns.aggregateId] ?? '',
    type: values[columns.type] ?? '',
    payload: values[columns.payload] ?? null,
    extra: rowOf(extra),
    committedAt,
  };
}
