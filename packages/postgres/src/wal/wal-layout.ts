import type { PublishableEvent } from '@tidings/contract';
import type { OldRow, Relation, Tuple } from './pgoutput.ts';

/** A row change in the stream: the values are as they were sent. */
export type RowMessage =
  | { readonly kind: 'insert'; readonly now: Tuple }
  | { readonly kind: 'update'; readonly now: Tuple; readonly before: OldRow | undefined }
  | { readonly kind: 'delete'; readonly before: OldRow };

/** Where in the log a change stands: the same again at every delivery. */
export interface ChangePlace {
  readonly xid: number;
  /** Number of the row change within its transaction, from 1, over all tables. */
  readonly index: number;
}

/** Reads the rows of one table as the stream described it last. */
export type RowReader<Change> = (message: RowMessage, place: ChangePlace) => Change;

/** Rows that are still in a table although their place in the stream is lost. */
export interface Backfill<Change> {
  /**
   * Query for rows in the order to publish them, by transaction and then as inserted.
   * `{since}` stands for a condition on `transaction_id` that leaves out what was
   * published.
   */
  readonly query: string;
  /** Reads a row of the query; each column comes as text or null, by name. */
  read(row: Readonly<Record<string, string | null>>): Change;
}

/** Which tables a stream carries and how their rows become events. */
export interface WalLayout<Change> {
  /** For messages, for example `tidings.outbox`. */
  readonly tables: readonly TableName[];
  /** What the publication must publish, no less; anything more is left unread. */
  readonly operations: readonly ('insert' | 'update' | 'delete')[];
  /** Undefined for a table that is not read. @throws Error on columns that cannot be. */
  reader(relation: Relation): RowReader<Change> | undefined;
  /** Turns a change into events; a throw makes it poison. */
  capture(change: Change): readonly PublishableEvent[];
  /** Where a lost slot is healed from; undefined where there is nothing to read again. */
  readonly backfill: Backfill<Change> | undefined;
}

/** A table's name in two parts, unquoted. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}
