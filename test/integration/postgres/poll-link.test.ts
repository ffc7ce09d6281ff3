import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import type { LocalBus } from '@tidings/local';
import { pollSource } from '@tidings/postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { resolvePollOptions } from '../../../packages/postgres/src/poll/poll-options.ts';
import { openPollSession } from '../../../packages/postgres/src/poll/poll-session.ts';
import { everyKey, expectAllOrders } from '../../support/expect-all-orders.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { type RunningRelay, runRelayFrom, startOrdersBus } from '../../support/running-relay.ts';
import { openTcpLink, type TcpLink } from '../../support/tcp-link.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
let bus: LocalBus;
let link: TcpLink;
let relay: RunningRelay;

beforeAll(async () => {
  cluster = await startPostgresCluster({ wal_level: 'replica' });
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createOrdersDatabase(cluster, { without: 'slot' });
  bus = await startOrdersBus();
  link = await openTcpLink(cluster.port);
  const connectionString = database.url.replace(`:${cluster.port}/`, `:${link.port}/`);
  relay = runRelayFrom(
    pollSource({
      connection: { connectionString, query_timeout: 300, connectionTimeoutMillis: 300 },
      name: 'orders',
      minIntervalMs: 1,
      maxIntervalMs: 50,
    }),
    bus,
  );
  await database.placeOrders(50);
  await arrival();
});
afterEach(async () => {
  relay.relay.stop();
  await relay.ended.catch(() => {});
  await link.close();
  await bus.stop();
  await database.close();
});

const arrival = (): Promise<unknown> =>
  bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });

/** The relay says that its link is down, as a warning. */
async function reported(): Promise<void> {
  expect(await relay.logged('the poller has lost its connection')).toMatchObject({
    level: 'warn',
    fields: { poller: 'orders', reason: expect.any(String) },
  });
}

/** Everything that was committed is on the bus; returns how many events came twice. */
async function nothingLost(): Promise<number> {
  await arrival();
  await relay.stop();
  return expectAllOrders(database.committed, bus.events);
}

test('a link that is cut is opened again, and nothing is published twice', async () => {
  link.cut();
  await database.placeOrders(50);
  await reported();
  expect(await nothingLost()).toBe(0);
});

test('a server that refuses for a while is tried until it does not', async () => {
  link.refuse(true);
  link.cut();
  await database.placeOrders(50);
  await reported();
  link.refuse(false);
  expect(await nothingLost()).toBe(0);
});

test('a link that goes silent is noticed, and what was committed meanwhile arrives', async () => {
  link.freeze();
  await database.placeOrders(50);
  await reported();
  link.thaw();
  await nothingLost();
});

test('a link that is forgotten on the way is given up, and another one is opened', async () => {
  link.forget();
  await database.placeOrders(50);
  await reported();
  await nothingLost();
});

test('the server notices within half a minute that a poller has vanished with its locks', async () => {
  const settings = resolvePollOptions({ connection: database.url, name: 'another' });
  const session = await openPollSession(settings);
  try {
    const { rows } = await session.client.query<{ seconds: number }>(
      `select current_setting('tcp_keepalives_idle')::int
                + current_setting('tcp_keepalives_interval')::int
                  * current_setting('tcp_keepalives_count')::int as seconds`,
    );
    expect(rows[0]?.seconds).toBeLessThanOrEqual(30);
  } finally {
    await session.close();
  }
});
