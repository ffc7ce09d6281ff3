import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { type RelayProcess, startRelayProcess } from '@tidings/example-orders/relay-process';
import { type LocalBus, startLocalBus } from '@tidings/local';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { everyKey, expectAllOrders } from '../../support/expect-all-orders.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { postgresMajor } from '../../support/postgres-major.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
let bus: LocalBus;
const relays: RelayProcess[] = [];

beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
});
afterAll(() => cluster.stop());

beforeEach(async () => {
  database = await createOrdersDatabase(cluster);
  bus = await startLocalBus({ buses: ['orders'] });
});
afterEach(async () => {
  for (const relay of relays.splice(0)) {
    relay.kill('SIGKILL');
    await relay.exited;
  }
  await bus.stop();
  await database.close();
});

function startRelay(): RelayProcess {
  const relay = startRelayProcess({
    DATABASE_URL: database.url,
    RELAY_SLOT: database.slot,
    EVENT_BUS_NAME: 'orders',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
  });
  relays.push(relay);
  return relay;
}

const arrival = (): Promise<unknown> =>
  bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });

test('orders that were committed while no relay ran arrive at its start', async () => {
  await database.placeOrders(300, 10);
  const relay = startRelay();
  await arrival();
  relay.kill('SIGTERM');
  expect(await relay.exited).toBe(0);
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
});

test('SIGKILL in the middle: the next relay goes on, and nothing is lost', async () => {
  const first = startRelay();
  const placing = database.placeOrders(600);
  await bus.waitFor(150);
  first.kill('SIGKILL');
  expect(await first.exited).toBe('SIGKILL');
  const second = startRelay();
  await placing;
  await arrival();
  second.kill('SIGTERM');
  expect(await second.exited).toBe(0);
  expectAllOrders(database.committed, bus.events);
});

test('SIGTERM drains: a second relay publishes nothing again', async () => {
  const first = startRelay();
  await first.logged('streaming');
  await database.placeOrders(200);
  await arrival();
  first.kill('SIGTERM');
  expect(await first.exited).toBe(0);
  expect(first.log()).toContain('relay draining');
  expect(first.log()).toContain('relay stopped');
  const second = startRelay();
  await second.logged('streaming');
  await database.placeOrders(50);
  await arrival();
  second.kill('SIGTERM');
  expect(await second.exited).toBe(0);
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
});

test('Postgres restarts: the relay connects again and nothing is published twice', async () => {
  const relay = startRelay();
  await relay.logged('streaming');
  await database.placeOrders(100);
  await arrival();
  await cluster.restart();
  await database.placeOrders(100);
  await arrival();
  relay.kill('SIGTERM');
  expect(await relay.exited).toBe(0);
  expect(relay.log()).toContain('the stream is down; connecting again');
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
});

test('Postgres crashes and recovers: every order that it kept arrives', async () => {
  const relay = startRelay();
  await relay.logged('streaming');
  await database.placeOrders(200, 20);
  await cluster.crash();
  await cluster.start();
  await database.placeOrders(100);
  await arrival();
  relay.kill('SIGTERM');
  expect(await relay.exited).toBe(0);
  expectAllOrders(database.committed, bus.events);
});

test('the bus is down for a while: the relay waits and loses nothing', async () => {
  const relay = startRelay();
  await relay.logged('streaming');
  const { port } = bus;
  await bus.stop();
  await database.placeOrders(50);
  bus = await startLocalBus({ buses: ['orders'], port });
  await arrival();
  relay.kill('SIGTERM');
  expect(await relay.exited).toBe(0);
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
});
