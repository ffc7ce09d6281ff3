import type { OutboxExecutor } from '../outbox-executor.ts';

/** The part of TypeORM's `EntityManager` that appending needs. */
export interface TypeormTransaction {
  query(text: string, values: unknown[]): Promise<unknown>;
  readonly queryRunner?: { readonly isTransactionActive: boolean } | undefined;
}

/**
 * Appends through the `manager` that TypeORM's `dataSource.transaction` hands out, or that
 * of a query runner with a transaction under way.
 * @throws Error for a manager without a transaction, which TypeORM's types do not tell.
 */
export const typeormExecutor: OutboxExecutor<TypeormTransaction> = async (
  transaction,
  text,
  values,
) => {
  if (transaction.queryRunner?.isTransactionActive !== true) {
    throw new Error(
      'append needs the manager of a transaction: pass the one that dataSource.transaction hands out',
    );
  }
  return transaction.query(text, [...values]);
};
