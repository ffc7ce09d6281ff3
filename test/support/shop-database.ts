import type { PostgresCluster } from '@tidings/example-orders/postgres-cluster';
import pg from 'pg';

/** An empty database of its own, and a name that a slot in it may have. */
export interface ShopDatabase {
  readonly url: string;
  readonly slot: string;
  /** Runs one or more statements on a connection that is kept. */
  query(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** A connection of its own, for a transaction beside others; closed with the database. */
  connect(): Promise<pg.Client>;
  close(): Promise<void>;
}

let databases = 0;

export async function createShopDatabase(cluster: PostgresCluster): Promise<ShopDatabase> {
  databases += 1;
  const name = `tables_${process.pid}_${databases}`;
  await cluster.createDatabase(name);
  const url = cluster.url(name);
  const clients: pg.Client[] = [];
  async function connect(): Promise<pg.Client> {
    const client = new pg.Client(url);
    // The server may be gone before the client is closed.
    client.on('error', () => {});
    clients.push(client);
    await client.connect();
    return client;
  }
  const client = await connect();
  return {
    url,
    slot: name,
    async query(text, values) {
      const result = await client.query(text, values === undefined ? undefined : [...values]);
      return result.rows as Record<string, unknown>[];
    },
    connect,
    async close(): Promise<void> {
      // A slot that nobody reads keeps the log, and there are few of them.
      await client
        .query(
          `select pg_drop_replication_slot(slot_name) from pg_replication_slots
           where database = current_database() and not active`,
        )
        .catch(() => {});
      for (const each of clients) await each.end().catch(() => {});
    },
  };
}
