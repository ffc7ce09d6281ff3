import type { PublishableEvent } from '@tidings/contract';
import type pg from 'pg';
import type { Bookmark } from '../checkpoint-store.ts';
import type { OpenIncident } from '../incident-store.ts';
import type { Lsn } from '../lsn.ts';
import type { OutboxRow } from '../outbox-row.ts';
import type { OldRow, Relation, Tuple } from './pgoutput.ts';

/** A change of a table in the stream: the values are as they were sent. */
export type RowMessage =
  | { readonly kind: 'insert'; readonly now: Tuple }
  | { readonly kind: 'update'; readonly now: Tuple; readonly before: OldRow | undefined }
  | { readonly kind: 'delete'; readonly before: OldRow }
  | { readonly kind: 'truncate' };

/** Where in the log a change stands: the same again at every delivery. */
export interface ChangePlace {
  readonly xid: number;
  /** Number of the change within its transaction, from 1, over all tables published. */
  readonly index: number;
  /** Where the record of its transaction's commit begins. */
  readonly commitLsn: Lsn;
  /** When its transaction was committed: microseconds since 2000, by the server's clock. */
  readonly committedAtMicros: bigint;
}

/** Reads the rows of one table as the stream described it last. */
export type RowReader<Change> = (message: RowMessage, place: ChangePlace) => Change;

/** Rows of `tidings.outbox`, which tell their transaction: read in windows of those. */
export interface OutboxBackfill<Change> {
  readonly kind: 'outbox';
  /** Query for rows that a bookmark does not cover, to count them; an index answers it. */
  countQuery(bookmark: Pick<Bookmark, 'snapshot'>): string;
  read(row: OutboxRow): Change;
}

/** Rows of tables that do not tell their transactions: read in the new slot's snapshot. */
export interface TablesBackfill<Change> {
  readonly kind: 'tables';
  /** One after the other. */
  readonly tables: readonly TableBackfill<Change>[];
}

/** How to read one of them again. */
export interface TableBackfill<Change> {
  /**
   * Query for rows in the order to publish them. It leaves out what the bookmark covers,
   * as far as the table tells.
   */
  query(bookmark: Pick<Bookmark, 'snapshot'> | undefined): string;
  /**
   * Reads a row of the query; each column comes as text or null, by name. The incident is
   * the same when a recovery that was interrupted begins again.
   */
  read(row: Readonly<Record<string, string | null>>, incident: OpenIncident): Change;
}

/** Which tables a stream carries and how their rows become events. */
export interface WalLayout<Change> {
  /** For messages, for example `tidings.outbox`. */
  readonly tables: readonly TableName[];
  /** What the publication must publish, no less; anything more is left unread. */
  readonly operations: readonly ('insert' | 'update' | 'delete' | 'truncate')[];
  /**
   * Reads from the catalog what the stream does not tell. Called before each connection
   * begins to stream, and before the source says that it can.
   * @throws ConfigurationError on tables that cannot be read.
   */
  prepare?(sql: pg.ClientBase, publication: string): Promise<void>;
  /**
   * The reader of a relation as transaction `xid` (its last 32 bits) describes it; undefined
   * for a table that is not read. @throws Error on columns that cannot be.
   */
  reader(relation: Relation, xid: number): RowReader<Change> | undefined;
  /** Turns a change into events; a throw makes it poison. */
  capture(change: Change): readonly PublishableEvent[];
  /** What a lost slot is recovered from; undefined where there is nothing to read again. */
  readonly backfill: OutboxBackfill<Change> | TablesBackfill<Change> | undefined;
  /** Where there is no backfill: what a person may choose to have one, as half a sentence. */
  readonly remedy?: string;
}

/** A table's name in two parts, unquoted. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}
