import { setTimeout as delay } from 'node:timers/promises';
import { OrderPlaced } from '@tidings/example-orders/order-placed';
import { spawnLocalBus } from '@tidings/local';
import { postgresOutbox } from '@tidings/postgres/outbox';
import pg from 'pg';
import { createBenchDatabase } from './bench-database.ts';
import { type BenchStage, type Figure, percentile, scaled } from './figure.ts';
import { startBenchRelay, usageOf } from './relay-run.ts';

const ORDERS_A_SECOND = 200;
const IDLE_MS = 10_000;

/** From the answer to COMMIT to the bus's acceptance, at 200 orders a second. */
export async function latency(stage: BenchStage): Promise<readonly Figure[]> {
  const orders = scaled(4_000, stage);
  const database = await createBenchDatabase(stage.cluster);
  const bus = await spawnLocalBus({ buses: ['orders'] });
  const relay = startBenchRelay(database, bus, database.name);
  const pool = new pg.Pool({ connectionString: database.url, max: 8 });
  try {
    await relay.logged('streaming');
    const outbox = postgresOutbox();
    const committedAt = new Map<string, number>();
    const place = async (n: number): Promise<void> => {
      const event = OrderPlaced.create({ orderId: String(n), totalCents: n, currency: 'USD' });
      const client = await pool.connect();
      try {
        await client.query('begin');
        await outbox.append(client, event);
        await client.query('commit');
        committedAt.set(event.detail.metadata.eventId, Date.now());
      } finally {
        client.release();
      }
    };
    const startedAt = performance.now();
    const placed: Promise<void>[] = [];
    for (let n = 0; n < orders; n++) {
      const dueMs = startedAt + (n * 1000) / ORDERS_A_SECOND - performance.now();
      if (dueMs > 1) await delay(dueMs);
      placed.push(place(n));
    }
    await Promise.all(placed);
    await bus.waitFor({ distinct: orders }, { timeoutMs: 30_000 });
    const events = await bus.events();
    if (events.length !== orders) throw new Error(`${orders} orders, ${events.length} events`);
    const waits = events.map(({ envelope, acceptedAt }) => {
      const { metadata } = envelope.detail as { readonly metadata: { readonly eventId: string } };
      const at = committedAt.get(metadata.eventId);
      if (at === undefined) throw new Error(`nobody committed ${metadata.eventId}`);
      return Math.max(0, acceptedAt - at);
    });
    const what = `commit to bus, ${ORDERS_A_SECOND} orders/s`;
    return [
      { what: `${what}, p50`, value: percentile(waits, 0.5), unit: 'ms', target: '<= 5' },
      { what: `${what}, p99`, value: percentile(waits, 0.99), unit: 'ms', target: '<= 30' },
    ];
  } finally {
    relay.kill('SIGTERM');
    await relay.exited;
    await pool.end();
    await bus.stop();
    await database.drop();
  }
}

/** What a relay costs that has nothing to do, while another database writes. */
export async function idle(stage: BenchStage): Promise<readonly Figure[]> {
  const database = await createBenchDatabase(stage.cluster);
  const other = await createBenchDatabase(stage.cluster);
  const bus = await spawnLocalBus({ buses: ['orders'] });
  const relay = startBenchRelay(database, bus, database.name);
  const standing = async (): Promise<bigint> => {
    const { rows } = await database.sql.query<{ at: string }>(
      `select (confirmed_flush_lsn - '0/0')::text as at from pg_replication_slots
       where slot_name = $1`,
      [database.name],
    );
    return BigInt(rows[0]?.at ?? '0');
  };
  try {
    await relay.logged('streaming');
    // What a start costs is not what idling costs.
    await delay(2_000);
    const slotBefore = await standing();
    const before = usageOf(relay.pid).cpuSeconds;
    const startedAt = performance.now();
    await other.fill(scaled(2_000, stage), 100);
    await delay(IDLE_MS);
    const seconds = (performance.now() - startedAt) / 1000;
    const value = ((usageOf(relay.pid).cpuSeconds - before) / seconds) * 100;
    const moved = Number((await standing()) - slotBefore);
    if (moved <= 0) throw new Error('the slot stood still while another database wrote');
    return [
      { what: 'idle relay', value, unit: '% of a core', target: '< 1' },
      { what: 'idle relay, slot moved meanwhile', value: moved, unit: 'bytes' },
    ];
  } finally {
    relay.kill('SIGTERM');
    await relay.exited;
    await bus.stop();
    await database.drop();
    await other.drop();
  }
}
