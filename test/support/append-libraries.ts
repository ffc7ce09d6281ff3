import {
  drizzleExecutor,
  knexExecutor,
  kyselyExecutor,
  type Outbox,
  postgresJsExecutor,
  postgresOutbox,
  preparedPgExecutor,
  prismaExecutor,
  typeormExecutor,
} from '@tidings/postgres/outbox';
import { sql } from 'drizzle-orm';
import { drizzle as drizzleOnPg } from 'drizzle-orm/node-postgres';
import { drizzle as drizzleOnPostgresJs } from 'drizzle-orm/postgres-js';
import knex from 'knex';
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import postgres from 'postgres';
import { DataSource } from 'typeorm';
import { prismaClient } from './prisma-client.ts';

/** A transaction of some library: the business's statement, and its outbox. */
export interface LibraryTransaction {
  placeOrder(orderId: string): Promise<unknown>;
  append(...events: Parameters<Outbox['append']>[1][]): Promise<void>;
}

/** A library that is connected to a database. */
export interface ConnectedLibrary {
  /** Runs a transaction in the library's own way; one whose work throws is rolled back. */
  transact(work: (transaction: LibraryTransaction) => Promise<void>): Promise<void>;
  close(): Promise<unknown>;
}

const producer = { service: 'test' };
const insertOrder = (placeholder: string): string =>
  `insert into orders (order_id, total_cents) values (${placeholder}, 1)`;

/** Binds a library's transaction to its outbox. */
function bound<Transaction>(
  outbox: Outbox<Transaction>,
  transaction: Transaction,
  placeOrder: LibraryTransaction['placeOrder'],
): LibraryTransaction {
  return {
    placeOrder,
    append: async (...events) => {
      for (const each of events) await outbox.append(transaction, each);
    },
  };
}

function pgLibrary(url: string, outbox: Outbox<pg.PoolClient>): ConnectedLibrary {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  return {
    async transact(work) {
      const client = await pool.connect();
      try {
        await client.query('begin');
        await work(bound(outbox, client, (orderId) => client.query(insertOrder('$1'), [orderId])));
        await client.query('commit');
      } catch (error) {
        await client.query('rollback');
        throw error;
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}

/** Every library that has an executor, in real use. */
export const libraries: Readonly<Record<string, (url: string) => ConnectedLibrary>> = {
  pg: (url) => pgLibrary(url, postgresOutbox({ producer })),

  'pg, prepared': (url) =>
    pgLibrary(url, postgresOutbox({ executor: preparedPgExecutor, producer })),

  'postgres.js'(url) {
    const database = postgres(url, { max: 2 });
    const outbox = postgresOutbox({ executor: postgresJsExecutor, producer });
    return {
      async transact(work) {
        await database.begin((tx) =>
          work(
            bound(
              outbox,
              tx,
              async (orderId) =>
                tx`insert into orders (order_id, total_cents) values (${orderId}, 1)`,
            ),
          ),
        );
      },
      close: () => database.end(),
    };
  },

  'Drizzle on pg'(url) {
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    const database = drizzleOnPg(pool);
    const outbox = postgresOutbox({ executor: drizzleExecutor(sql), producer });
    return {
      transact: (work) =>
        database.transaction((tx) =>
          work(
            bound(outbox, tx, (orderId) =>
              tx.execute(sql`insert into orders (order_id, total_cents) values (${orderId}, 1)`),
            ),
          ),
        ),
      close: () => pool.end(),
    };
  },

  'Drizzle on postgres.js'(url) {
    const client = postgres(url, { max: 2 });
    const database = drizzleOnPostgresJs(client);
    const outbox = postgresOutbox({ executor: drizzleExecutor(sql), producer });
    return {
      transact: (work) =>
        database.transaction((tx) =>
          work(
            bound(outbox, tx, async (orderId) =>
              tx.execute(sql`insert into orders (order_id, total_cents) values (${orderId}, 1)`),
            ),
          ),
        ),
      close: () => client.end(),
    };
  },

  Kysely(url) {
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    const database = new Kysely<{ orders: { order_id: string; total_cents: number } }>({
      dialect: new PostgresDialect({ pool }),
    });
    const outbox = postgresOutbox({ executor: kyselyExecutor(CompiledQuery), producer });
    return {
      transact: (work) =>
        database
          .transaction()
          .execute((trx) =>
            work(
              bound(outbox, trx, (orderId) =>
                trx.insertInto('orders').values({ order_id: orderId, total_cents: 1 }).execute(),
              ),
            ),
          ),
      close: () => database.destroy(),
    };
  },

  Knex(url) {
    const database = knex({ client: 'pg', connection: url, pool: { min: 0, max: 2 } });
    const outbox = postgresOutbox({ executor: knexExecutor, producer });
    return {
      transact: (work) =>
        database.transaction((trx) =>
          work(
            bound(outbox, trx, async (orderId) =>
              trx('orders').insert({ order_id: orderId, total_cents: 1 }),
            ),
          ),
        ),
      close: () => database.destroy(),
    };
  },

  Prisma(url) {
    const client = prismaClient(url);
    const outbox = postgresOutbox({ executor: prismaExecutor, producer });
    return {
      transact: (work) =>
        client.$transaction((tx) =>
          work(
            bound(outbox, tx, async (orderId) => tx.$executeRawUnsafe(insertOrder('$1'), orderId)),
          ),
        ),
      close: () => client.$disconnect(),
    };
  },

  TypeORM(url) {
    const source = new DataSource({ type: 'postgres', url, driver: pg });
    const outbox = postgresOutbox({ executor: typeormExecutor, producer });
    return {
      async transact(work) {
        if (!source.isInitialized) await source.initialize();
        await source.transaction((manager) =>
          work(bound(outbox, manager, (orderId) => manager.query(insertOrder('$1'), [orderId]))),
        );
      },
      close: async () => source.isInitialized && source.destroy(),
    };
  },
};
