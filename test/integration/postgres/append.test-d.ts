import type { PublishableEvent } from '@tidings/contract';
import {
  drizzleExecutor,
  knexExecutor,
  kyselyExecutor,
  postgresJsExecutor,
  postgresOutbox,
  prismaExecutor,
} from '@tidings/postgres/outbox';
import { sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { Knex } from 'knex';
import { CompiledQuery, type Kysely } from 'kysely';
import type pg from 'pg';
import type postgres from 'postgres';
import type { PrismaClient } from '../../support/prisma-client.ts';

declare const event: PublishableEvent;
declare const pool: pg.Pool;
declare const client: pg.PoolClient;
declare const postgresJs: postgres.Sql;
declare const drizzle: NodePgDatabase;
declare const kysely: Kysely<unknown>;
declare const knex: Knex;
declare const prisma: PrismaClient;

// What is no transaction does not compile where the library's types can tell: an event
// that is appended beside the transaction is what an outbox exists to prevent.
export function appendsOutsideOfATransaction(): void {
  postgresOutbox().append(client, event);
  // @ts-expect-error a pool
  postgresOutbox().append(pool, event);
  // @ts-expect-error not what begin hands out
  postgresOutbox({ executor: postgresJsExecutor }).append(postgresJs, event);
  // @ts-expect-error not what transaction hands out
  postgresOutbox({ executor: drizzleExecutor(sql) }).append(drizzle, event);
  // @ts-expect-error not what transaction().execute hands out
  postgresOutbox({ executor: kyselyExecutor(CompiledQuery) }).append(kysely, event);
  // @ts-expect-error not what transaction hands out
  postgresOutbox({ executor: knexExecutor }).append(knex, event);
  // @ts-expect-error not what $transaction hands out
  postgresOutbox({ executor: prismaExecutor }).append(prisma, event);
}
