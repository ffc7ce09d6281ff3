import type { OutboxExecutor } from '../outbox-executor.ts';

/** The part of Kysely's `Transaction` that appending needs. */
export interface KyselyTransaction<Query> {
  executeQuery(query: Query): Promise<unknown>;
  /** `Kysely` itself says `boolean` here. */
  readonly isTransaction: true;
}

/** Kysely's `CompiledQuery`. */
export interface KyselyCompiledQuery<Query> {
  raw(text: string, values: unknown[]): Query;
}

/**
 * Appends through the `trx` that Kysely's `db.transaction().execute` hands out:
 * `kyselyExecutor(CompiledQuery)`, with `CompiledQuery` from `kysely`.
 */
export function kyselyExecutor<Query>(
  compiled: KyselyCompiledQuery<Query>,
): OutboxExecutor<KyselyTransaction<Query>> {
  return (transaction, text, values) => transaction.executeQuery(compiled.raw(text, [...values]));
}
