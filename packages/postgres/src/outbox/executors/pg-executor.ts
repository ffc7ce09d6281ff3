import type { OutboxExecutor } from '../outbox-executor.ts';

/** The part of a `pg` client, or of one from a pool, that appending needs. */
export interface OutboxTransaction {
  query(text: string, values: unknown[]): Promise<unknown>;
  /** A `pg.Pool` is refused: each of its queries may run on another connection. */
  readonly totalCount?: never;
}

/** Appends through a client of `pg` that is in a transaction. */
export const pgExecutor: OutboxExecutor<OutboxTransaction> = (transaction, text, values) =>
  transaction.query(text, [...values]);

/** The part of a `pg` client that preparing needs. */
export interface PreparingTransaction {
  query(statement: { name: string; text: string; values: unknown[] }): Promise<unknown>;
  /** A `pg.Pool` is refused: each of its queries may run on another connection. */
  readonly totalCount?: never;
}

/**
 * As `pgExecutor`, with statements that a connection prepares once: the server then plans
 * each of them once, not at every append. Not for a transaction pooler that does not know
 * prepared statements, such as PgBouncer before 1.21 or with `max_prepared_statements` at 0.
 */
export const preparedPgExecutor: OutboxExecutor<PreparingTransaction> = (
  transaction,
  text,
  values,
) => transaction.query({ name: preparedName(text), text, values: [...values] });

// One event or many: the outbox has two texts, and each needs a name of its own.
function preparedName(text: string): string {
  return text.includes('json_to_recordset') ? 'tidings_append_many' : 'tidings_append_one';
}
