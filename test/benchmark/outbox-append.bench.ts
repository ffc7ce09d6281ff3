/**
 * What an append costs the business: transactions a second of a business row and an
 * append, against the business row alone, by the same client with the same settings
 * (`synchronous_commit = on`). Short rounds of each kind take turns, so that whatever
 * else the machine does hits all of them alike; the figures are medians of the rounds.
 *
 *     npx vitest bench test/benchmark/outbox-append.bench.ts
 *
 * `CLIENTS` (default 8), `ROUNDS` (default 15) and `ROUND_MS` (default 1000) say how long.
 */
import { OrderPlaced } from '@tidings/example-orders/order-placed';
import { startPostgresCluster } from '@tidings/example-orders/postgres-cluster';
import { migrateOutbox } from '@tidings/postgres';
import { postgresOutbox } from '@tidings/postgres/outbox';
import pg from 'pg';
import { bench } from 'vitest';

const clients = Number(process.env.CLIENTS ?? 8);
const rounds = Number(process.env.ROUNDS ?? 15);
const roundMs = Number(process.env.ROUND_MS ?? 1_000);

const outbox = postgresOutbox({ producer: { service: 'checkout', build: '4f2c1e9' } });
let orders = 0;

/** What a transaction does beside its business row. */
const kinds: Readonly<Record<string, (client: pg.Client, orderId: string) => Promise<unknown>>> = {
  'business row alone': async () => {},
  'and append': (client, orderId) => outbox.append(client, orderPlaced(orderId)),
  'and append of ten': (client, orderId) =>
    outbox.append(
      client,
      Array.from({ length: 10 }, (_, line) => orderPlaced(`${orderId}-${line}`)),
    ),
  'and tidings.append in SQL': (client, orderId) =>
    client.query('select tidings.append($1, $2, $3, $4, ordering_key => $5)', [
      'com.acme.orders',
      'OrderPlaced',
      JSON.stringify({ orderId, totalCents: 18_900, currency: 'USD' }),
      `order-${orderId}-placed`,
      orderId,
    ]),
};

const orderPlaced = (orderId: string): ReturnType<typeof OrderPlaced.create> =>
  OrderPlaced.create({ orderId, totalCents: 18_900, currency: 'USD' });

async function transact(client: pg.Client, more: (typeof kinds)[string]): Promise<void> {
  orders += 1;
  const orderId = String(orders);
  await client.query('begin');
  await client.query('insert into orders (order_id, total_cents) values ($1, $2)', [orderId, 1]);
  await more(client, orderId);
  await client.query('commit');
}

/** Transactions a second of all clients together. */
async function rate(pool: readonly pg.Client[], kind: string): Promise<number> {
  const begin = performance.now();
  const end = begin + roundMs;
  let transactions = 0;
  await Promise.all(
    pool.map(async (client) => {
      while (performance.now() < end) {
        await transact(client, kinds[kind] as (typeof kinds)[string]);
        transactions += 1;
      }
    }),
  );
  return (transactions * 1_000) / (performance.now() - begin);
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;

async function measure(): Promise<void> {
  const cluster = await startPostgresCluster({ synchronous_commit: 'on' });
  try {
    await cluster.createDatabase('shop');
    // The slot decodes nothing here, but commits and pages are logged as with a relay.
    await migrateOutbox({ connection: cluster.url('shop'), slot: 'shop' });
    const pool = Array.from(
      { length: clients },
      () => new pg.Client({ connectionString: cluster.url('shop') }),
    );
    for (const client of pool) await client.connect();
    await pool[0]?.query(
      'create table orders (order_id text primary key, total_cents integer not null)',
    );
    const turns: Readonly<Record<string, number>>[] = [];
    // The first turn warms caches and is not counted.
    for (let round = 0; round <= rounds; round += 1) {
      const turn: Record<string, number> = {};
      for (const kind of Object.keys(kinds)) turn[kind] = await rate(pool, kind);
      if (round > 0) turns.push(turn);
    }
    const base = Object.keys(kinds)[0] ?? '';
    for (const kind of Object.keys(kinds)) {
      const perSecond = Math.round(median(turns.map((turn) => turn[kind] ?? 0)));
      const ratio = median(turns.map((turn) => (turn[kind] ?? 0) / (turn[base] ?? 0)));
      process.stdout.write(`${kind.padEnd(28)} ${perSecond} tx/s, ratio ${ratio.toFixed(2)}\n`);
    }
    for (const client of pool) await client.end();
  } finally {
    await cluster.stop();
  }
}

bench('outbox append', measure, { iterations: 1, time: 0, warmupIterations: 0, warmupTime: 0 });
