import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { type RelayProcess, startRelayProcess } from '@tidings/example-orders/relay-process';
import type { LocalBus } from '@tidings/local';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { everyKey, expectAllOrders } from '../../support/expect-all-orders.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { type RunningRelay, runRelay, startOrdersBus } from '../../support/running-relay.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
let bus: LocalBus;
const relays: RunningRelay[] = [];
const processes: RelayProcess[] = [];

beforeAll(async () => {
  cluster = await startPostgresCluster();
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createOrdersDatabase(cluster);
  bus = await startOrdersBus();
});
afterEach(async () => {
  for (const each of processes.splice(0)) {
    each.kill('SIGKILL');
    await each.exited;
  }
  for (const relay of relays.splice(0)) {
    relay.relay.stop();
    await relay.ended.catch(() => {});
  }
  await bus.stop();
  await database.close();
});

function start(options: Parameters<typeof runRelay>[2] = {}): RunningRelay {
  const relay = runRelay(database, bus, options);
  relays.push(relay);
  return relay;
}

function startProcess(): RelayProcess {
  const relay = startRelayProcess({
    DATABASE_URL: database.url,
    RELAY_SLOT: database.slot,
    EVENT_BUS_NAME: 'orders',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
  });
  processes.push(relay);
  return relay;
}

const arrival = (): Promise<unknown> =>
  bus.waitFor(everyKey(database.committed), { timeoutMs: 50_000 });

/** Waits until what has arrived is behind the checkpoint, so that nobody publishes it again. */
async function confirmed(): Promise<void> {
  const [now] = await database.query('select pg_current_wal_lsn()::text as lsn');
  for (;;) {
    const [row] = await database.query(
      'select acknowledged_lsn >= $2::pg_lsn as past from tidings.checkpoint where name = $1',
      [database.slot, now?.lsn],
    );
    if (row?.past === true) return;
  }
}

const nothingGetsThrough = (): void =>
  bus.setFaults([
    { match: { source: 'com.acme.orders' }, action: { type: 'request-fail', preset: '500' } },
  ]);

test('a relay that is frozen loses the slot to the one that waits, and does not publish thawed', async () => {
  const first = startProcess();
  await first.logged('streaming');
  const second = start();
  await second.logged('standing by: another relay holds the slot');
  await database.placeOrders(20);
  await arrival();
  await confirmed();
  first.kill('SIGSTOP');
  await database.placeOrders(20);
  await second.logged('streaming');
  await arrival();
  first.kill('SIGCONT');
  await first.logged('standing by: another relay holds the slot');
  await database.placeOrders(20);
  await arrival();
  await second.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
  expect(await database.query('select from tidings.incident')).toHaveLength(0);
});

test('a relay that is frozen while it recovers a slot loses the right to the one that waits', async () => {
  const before = start();
  await before.logged('streaming');
  await database.placeOrders(10);
  await arrival();
  await before.stop();
  await database.placeOrders(30);
  await database.query('select pg_drop_replication_slot($1)', [database.slot]);
  nothingGetsThrough();
  const first = startProcess();
  await first.logged('has been dropped');
  const second = start();
  await second.logged('standing by: another relay holds the slot');
  first.kill('SIGSTOP');
  bus.setFaults([]);
  await second.logged('the slot is healed');
  await arrival();
  first.kill('SIGCONT');
  await first.logged('standing by: another relay holds the slot');
  await second.stop();
  expectAllOrders(database.committed, bus.events);
});

test('a relay that cannot publish gives the slot to one that waits, and only one publishes', async () => {
  const first = start({ stallTimeoutMs: 300 });
  await first.logged('streaming');
  nothingGetsThrough();
  await database.placeOrders(40);
  const second = start({ stallTimeoutMs: 300 });
  await first.logged('another relay takes over');
  await second.logged('streaming');
  bus.setFaults([]);
  await arrival();
  await database.placeOrders(40);
  await arrival();
  await Promise.all([first.stop(), second.stop()]);
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
});

test('a relay whose checkpoint is locked by another transaction piles up no backends', async () => {
  const relay = start({ heartbeatTimeoutMs: 1_000 });
  await relay.logged('streaming');
  const client = new pg.Client(database.url);
  await client.connect();
  try {
    await client.query('begin');
    await client.query('select from tidings.checkpoint where name = $1 for update', [
      database.slot,
    ]);
    await database.placeOrders(20);
    await relay.logged('could not confirm a checkpoint');
    for (let look = 0; look < 20; look++) {
      await database.placeOrders(1);
      const [waiting] = await database.query(
        `select count(*)::int as backends from pg_stat_activity
         where application_name like 'tidings%' and datname = current_database()
           and wait_event_type = 'Lock'`,
      );
      expect(waiting?.backends).toBeLessThanOrEqual(1);
    }
    await client.query('rollback');
    await arrival();
  } finally {
    await client.end();
  }
  await relay.stop();
  expectAllOrders(database.committed, bus.events);
});
