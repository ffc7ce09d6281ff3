import type { OutboxExecutor } from '../outbox-executor.ts';

/** The part of postgres.js' `TransactionSql` that appending needs. */
export interface PostgresJsTransaction {
  unsafe(text: string, values: never[]): PromiseLike<unknown>;
  /** Only the `sql` that `begin` hands out has it. */
  readonly savepoint: unknown;
}

/** Appends through the `sql` that postgres.js' `sql.begin` hands out. */
export const postgresJsExecutor: OutboxExecutor<PostgresJsTransaction> = async (
  transaction,
  text,
  values,
) => transaction.unsafe(text, [...values] as never[]);
