import { OrderPlaced } from '@tidings/example-orders/order-placed';
import type { PostgresCluster } from '@tidings/example-orders/postgres-cluster';
import { migrateOutbox } from '@tidings/postgres';
import { postgresOutbox } from '@tidings/postgres/outbox';
import pg from 'pg';

/** A database of its own with an outbox, a slot and a business that places orders. */
export interface OrdersDatabase {
  readonly url: string;
  readonly slot: string;
  /** Idempotency keys of committed orders. */
  readonly committed: Set<string>;
  /**
   * Runs transactions of `perTransaction` orders until `count` are committed; one in
   * three is rolled back beside them.
   */
  placeOrders(count: number, perTransaction?: number): Promise<void>;
  query(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

let databases = 0;

/** Creates the database in a running cluster; `without: 'slot'` for one that is polled. */
export async function createOrdersDatabase(
  cluster: PostgresCluster,
  { without }: { readonly without?: 'slot' } = {},
): Promise<OrdersDatabase> {
  databases += 1;
  const name = `shop_${process.pid}_${databases}`;
  await cluster.createDatabase(name);
  const url = cluster.url(name);
  await migrateOutbox({ connection: url, ...(without === 'slot' ? {} : { slot: name }) });
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  // A restarted server breaks idle connections; the pool replaces them.
  pool.on('error', () => {});
  await pool.query('create table orders (order_id text primary key, total_cents integer not null)');
  const outbox = postgresOutbox({ producer: { service: 'test' } });
  const committed = new Set<string>();
  let next = 0;

  async function transact(count: number, end: 'commit' | 'rollback'): Promise<void> {
    const client = await pool.connect();
    try {
      await client.query('begin');
      const keys: string[] = [];
      for (let i = 0; i < count; i++) {
        next += 1;
        const order = { orderId: String(next), totalCents: next, currency: 'USD' as const };
        await client.query('insert into orders values ($1, $2)', [order.orderId, next]);
        const event = OrderPlaced.create(order);
        await outbox.append(client, event);
        keys.push(event.detail.metadata.idempotencyKey);
      }
      await client.query(end);
      if (end === 'commit') for (const key of keys) committed.add(key);
    } finally {
      client.release();
    }
  }

  return {
    url,
    slot: name,
    committed,
    async placeOrders(count, perTransaction = 1): Promise<void> {
      const target = committed.size + count;
      let left = count;
      let turn = 0;
      const work = async (): Promise<void> => {
        while (left > 0) {
          const size = Math.min(perTransaction, left);
          left -= size;
          turn += 1;
          if (turn % 3 === 0) await transact(size, 'rollback');
          await transact(size, 'commit');
        }
      };
      await Promise.all([work(), work(), work(), work()]);
      if (committed.size !== target) throw new Error('an order was not placed');
    },
    async query(text, values = []) {
      const result = await pool.query(text, [...values]);
      return result.rows as Record<string, unknown>[];
    },
    async close(): Promise<void> {
      // A server has few slots, and each keeps WAL.
      await pool.query(
        `select pg_drop_replication_slot(slot_name) from pg_replication_slots
         where slot_name = $1 and not active`,
        [name],
      );
      await pool.end();
    },
  };
}
