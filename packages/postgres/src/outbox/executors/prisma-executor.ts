import type { OutboxExecutor } from '../outbox-executor.ts';

/** The part of Prisma's interactive transaction that appending needs. */
export interface PrismaTransaction {
  $executeRawUnsafe(text: string, ...values: unknown[]): PromiseLike<number>;
  /** The client itself has it, a transaction of it has not. */
  readonly $connect?: never;
}

/**
 * Appends through the `tx` that Prisma's interactive `prisma.$transaction(async (tx) => …)`
 * hands out. "Unsafe" is the name of the method that takes text: values are bound.
 */
export const prismaExecutor: OutboxExecutor<PrismaTransaction> = async (
  transaction,
  text,
  values,
) => transaction.$executeRawUnsafe(text, ...values);
