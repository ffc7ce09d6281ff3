import { type OutboxExecutor, piecesOf } from '../outbox-executor.ts';

/** The part of Drizzle's transaction on Postgres that appending needs. */
export interface DrizzleTransaction<Statement> {
  execute(statement: Statement): PromiseLike<unknown>;
  /** Only a transaction has it. */
  rollback(): never;
}

/** Drizzle's template tag `sql`. */
export type DrizzleSql<Statement> = (
  pieces: TemplateStringsArray,
  ...values: unknown[]
) => Statement;

/**
 * Appends through the `tx` that Drizzle's `db.transaction` hands out, whichever driver
 * is below it: `drizzleExecutor(sql)`, with `sql` from `drizzle-orm`.
 */
export function drizzleExecutor<Statement>(
  sql: DrizzleSql<Statement>,
): OutboxExecutor<DrizzleTransaction<Statement>> {
  return async (transaction, text, values) => {
    const pieces = piecesOf(text);
    const statement = sql(Object.assign([...pieces], { raw: pieces }), ...values);
    return transaction.execute(statement);
  };
}
