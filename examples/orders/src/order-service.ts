import { randomInt } from 'node:crypto';
import { postgresOutbox } from '@tidings/postgres/outbox';
import pg from 'pg';
import { OrderPlaced } from './order-placed.ts';

const outbox = postgresOutbox({ producer: { service: 'orders' } });

/** What placing orders left behind, for the comparison with the bus. */
export interface PlacedOrders {
  /** Idempotency key of each committed order -> when its commit was answered. */
  readonly committedAt: Map<string, number>;
  /** Idempotency keys of orders whose transaction was rolled back. */
  readonly rolledBack: Set<string>;
}

/** One order in so many is given up before its commit. */
const ROLLED_BACK_ONE_IN = 20;

/** Creates the table of the business. */
export async function createOrdersTable(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(
      `create table if not exists orders (
         order_id text primary key, total_cents integer not null, currency text not null)`,
    );
  } finally {
    await client.end();
  }
}

/**
 * Places `count` orders over several connections, each in a transaction that inserts
 * the order and appends its event. Ends early when `signal` is aborted.
 */
export async function placeOrders(
  connectionString: string,
  count: number,
  placed: PlacedOrders,
  signal: AbortSignal,
): Promise<void> {
  const pool = new pg.Pool({ connectionString, max: 8 });
  pool.on('error', () => {});
  let next = 0;
  const work = async (): Promise<void> => {
    while (!signal.aborted && placed.committedAt.size < count && next < count) {
      next += 1;
      await placeOrder(pool, String(next), placed);
    }
  };
  try {
    await Promise.all(Array.from({ length: 8 }, work));
  } finally {
    await pool.end();
  }
}

async function placeOrder(pool: pg.Pool, orderId: string, placed: PlacedOrders): Promise<void> {
  const client = await pool.connect();
  try {
    if (Number(orderId) % ROLLED_BACK_ONE_IN === 0) {
      const key = await insertOrder(client, `${orderId}-given-up`);
      await client.query('rollback');
      placed.rolledBack.add(key);
    }
    const key = await insertOrder(client, orderId);
    await client.query('commit');
    placed.committedAt.set(key, Date.now());
  } finally {
    client.release();
  }
}

/** Inserts the order and appends its event; the transaction stays open. */
async function insertOrder(client: pg.PoolClient, orderId: string): Promise<string> {
  const order = { orderId, totalCents: randomInt(100, 50_000), currency: 'USD' as const };
  const event = OrderPlaced.create(order);
  await client.query('begin');
  await client.query('insert into orders values ($1, $2, $3)', [
    order.orderId,
    order.totalCents,
    order.currency,
  ]);
  await outbox.append(client, event);
  return event.detail.metadata.idempotencyKey;
}
