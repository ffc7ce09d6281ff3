import pg from 'pg';
import type { TableName } from '../wal/wal-layout.ts';

/**
 * The column by which rows of one aggregate rise in the order in which they were written: of
 * a serial or identity column whose sequence hands out numbers one at a time. A number is
 * taken when the row is written, which its transaction's id is not: a transaction that began
 * earlier may have waited for the row's lock. Undefined where the table has none.
 */
export async function findRisingColumn(
  sql: pg.ClientBase,
  { schema, table }: TableName,
): Promise<string | undefined> {
  const { rows } = await sql.query<{ column: string }>(
    `select a.attname as column
     from pg_class c
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     join pg_sequence s on s.seqrelid =
       pg_get_serial_sequence(format('%I.%I', $1::text, $2::text), a.attname)::regclass
     where c.oid = to_regclass(format('%I.%I', $1::text, $2::text))
       and s.seqcache = 1 and s.seqincrement > 0 and not s.seqcycle
     order by a.attnum limit 1`,
    [schema, table],
  );
  return rows[0]?.column;
}

/** Whether the server tells when each transaction was committed. */
export async function tracksCommits(sql: pg.ClientBase): Promise<boolean> {
  const { rows } = await sql.query<{ on: boolean }>(
    `select current_setting('track_commit_timestamp')::bool as "on"`,
  );
  return rows[0]?.on === true;
}

/** What the server can order rows by. */
export interface RowOrder {
  readonly column: string | undefined;
  readonly byCommit: boolean;
}

/**
 * Expressions to order rows `o` by: the column; else when their transactions were committed,
 * where the server keeps that; then by `transaction`, and within one by place in the table.
 */
export function orderingSql({ column, byCommit }: RowOrder, transaction: string): string {
  const first =
    column === undefined
      ? byCommit && 'pg_xact_commit_timestamp(o.xmin) nulls first'
      : `o.${pg.escapeIdentifier(column)}`;
  return [first, transaction, 'o.tableoid', 'o.ctid'].filter(Boolean).join(', ');
}
