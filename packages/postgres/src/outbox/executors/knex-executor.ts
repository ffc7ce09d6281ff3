import { type OutboxExecutor, piecesOf } from '../outbox-executor.ts';

/** The part of Knex's `Knex.Transaction` that appending needs. */
export interface KnexTransaction {
  raw(text: string, values: readonly (string | null)[]): PromiseLike<unknown>;
  /** Only a transaction has it. */
  isCompleted(): boolean;
}

/** Appends through the `trx` that Knex's `knex.transaction` hands out. */
export const knexExecutor: OutboxExecutor<KnexTransaction> = async (transaction, text, values) =>
  transaction.raw(piecesOf(text).join('?'), values);
