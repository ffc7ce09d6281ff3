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
