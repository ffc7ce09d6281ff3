export {
  type DrizzleSql,
  type DrizzleTransaction,
  drizzleExecutor,
} from './executors/drizzle-executor.ts';
export { type KnexTransaction, knexExecutor } from './executors/knex-executor.ts';
export {
  type KyselyCompiledQuery,
  type KyselyTransaction,
  kyselyExecutor,
} from './executors/kysely-executor.ts';
export {
  type OutboxTransaction,
  type PreparingTransaction,
  pgExecutor,
  preparedPgExecutor,
} from './executors/pg-executor.ts';
export {
  type PostgresJsTransaction,
  postgresJsExecutor,
} from './executors/postgres-js-executor.ts';
export { type PrismaTransaction, prismaExecutor } from './executors/prisma-executor.ts';
export { type TypeormTransaction, typeormExecutor } from './executors/typeorm-executor.ts';
export type { OutboxExecutor, OutboxValue } from './outbox-executor.ts';
export {
  type ExecutorOutboxOptions,
  type Outbox,
  type OutboxOptions,
  postgresOutbox,
} from './postgres-outbox.ts';
