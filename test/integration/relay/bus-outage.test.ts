import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  type EventBridgeClient,
} from '@aws-sdk/client-eventbridge';
import type { Publisher } from '@tidings/contract';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { startLocalBus } from '@tidings/local';
import { walSource } from '@tidings/postgres';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { busClient } from '../../support/bus-client.ts';
import { everyKey, expectAllOrders } from '../../support/expect-all-orders.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { accepts, awsError, type RawAnswer, rawEndpoint } from '../../support/raw-endpoint.ts';
import { refusal } from '../../support/refusal.ts';
import { type RunningRelay, runRelayFrom, startOrdersBus } from '../../support/running-relay.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
const relays: RunningRelay[] = [];
beforeAll(async () => {
  cluster = await startPostgresCluster();
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createOrdersDatabase(cluster);
});
afterEach(async () => {
  for (const { relay, ended } of relays.splice(0)) {
    relay.stop();
    await ended.catch(() => {});
  }
  await database.close();
});

type Options = NonNullable<Parameters<typeof runRelayFrom>[2]>;

function run(bus: { readonly url: string }, options: Options = {}): RunningRelay {
  const source = walSource({
    connection: database.url,
    slot: database.slot,
    heartbeatIntervalMs: 100,
  });
  const relay = runRelayFrom(source as Parameters<typeof runRelayFrom>[0], bus, options);
  relays.push(relay);
  return relay;
}

describe('a bus that does not exist', () => {
  let bus: Awaited<ReturnType<typeof startLocalBus>>;
  let client: EventBridgeClient;
  beforeEach(async () => {
    bus = await startLocalBus();
    client = busClient(bus.url, { region: 'us-east-1' });
  });
  afterEach(async () => {
    client.destroy();
    await bus.stop();
  });

  test('ends the relay at its start with what to do, and nothing is put to it', async () => {
    await database.placeOrders(5);
    const relay = run(bus);
    expect(await refusal(relay.ended)).toMatch(
      /^ConfigurationError: Event bus orders does not exist .*; create it/,
    );
    expect(bus.lost()).toEqual([]);

    await client.send(new CreateEventBusCommand({ Name: 'orders' }));
    const second = run(bus);
    await bus.waitFor(everyKey(database.committed));
    await second.stop();
    expectAllOrders(database.committed, bus.events);
  });

  test('is noticed while the relay runs: events wait for it, and go on in order', async () => {
    await client.send(new CreateEventBusCommand({ Name: 'orders' }));
    const relay = run(bus, { busCheckIntervalMs: 1_000 });
    await database.placeOrders(5);
    await bus.waitFor(everyKey(database.committed));
    await client.send(new DeleteEventBusCommand({ Name: 'orders' }));
    const { level, fields } = await relay.logged('the bus does not exist');
    expect(level).toBe('error');
    expect(fields).toMatchObject({
      reason: expect.stringMatching(/^Event bus orders does not exist/),
      acceptedSince: expect.any(Number),
      seenAt: expect.any(Date),
    });
    await database.placeOrders(10, 2);
    await client.send(new CreateEventBusCommand({ Name: 'orders' }));
    await bus.waitFor(everyKey(database.committed));
    await relay.logged('the bus exists again');
    await relay.stop();
    expect(expectAllOrders(database.committed, bus.events)).toBe(0);
    expect(bus.lost()).toEqual([]);
  });
});

test('a relay that may not describe its bus says so once and goes on', async () => {
  const answers: RawAnswer = (response, request) => {
    const asked = String(request.headers['x-amz-target']);
    if (asked.endsWith('DescribeEventBus')) {
      awsError(400, 'AccessDeniedException')(response, request);
    } else if (request.body.Entries.length === 0) {
      awsError(400, 'ValidationException')(response, request);
    } else accepts(response, request);
  };
  await using bus = await rawEndpoint(answers);
  await database.placeOrders(3);
  const relay = run(bus, { busCheckIntervalMs: 1_000 });
  const { level, fields } = await relay.logged('whether the bus exists cannot be checked');
  expect(level).toBe('warn');
  expect(fields.reason).toContain('events:DescribeEventBus');
  await relay.logged('relay running');
  await relay.stop();
  const described = bus.requests.filter(({ headers }) =>
    String(headers['x-amz-target']).endsWith('DescribeEventBus'),
  );
  expect(described).toHaveLength(1);
});

test('a relay waits, and says on what, while nobody can tell whether the bus exists', async () => {
  let isWell = false;
  const answers: RawAnswer = (response, request) => {
    const asked = String(request.headers['x-amz-target']);
    if (asked.endsWith('DescribeEventBus')) {
      if (isWell) accepts(response, { ...request, body: { Entries: [] } });
      else awsError(400, 'ThrottlingException')(response, request);
    } else if (request.body.Entries.length === 0) {
      awsError(400, 'ValidationException')(response, request);
    } else accepts(response, request);
  };
  await using bus = await rawEndpoint(answers);
  await database.placeOrders(3);
  const relay = run(bus);
  await relay.logged('waiting to learn whether the bus exists');
  expect(bus.requests.filter(({ body }) => (body.Entries?.length ?? 0) > 0)).toEqual([]);
  isWell = true;
  await relay.logged('relay running');
  await relay.stop();
});

test('a bus that goes away is told with code, endpoint and what waits, and ends no drain', async () => {
  const bus = await startOrdersBus();
  const { url } = bus;
  const relay = run(bus, { drainTimeoutMs: 600_000 });
  await database.placeOrders(3);
  await bus.waitFor(everyKey(database.committed));
  await bus.stop();
  await database.placeOrders(20);
  const { level, fields } = await relay.logged('the bus does not take events');
  expect(level).toBe('error');
  expect(fields).toMatchObject({
    code: expect.stringMatching(/^ECONN(REFUSED|RESET)$/),
    endpoint: url.replace(/\/$/, ''),
    groups: expect.any(Number),
    bytes: expect.any(Number),
  });
  expect(fields.events).toBeGreaterThan(0);
  // Its drain may take ten minutes, and nothing will be accepted in them.
  await relay.stop();
  expect(relay.log.map(({ message }) => message)).toContain(
    'draining took too long; what is undecided is read again at the next start',
  );
  expect(relay.relay.state).toBe('stopped');
});

test('a publisher that hands no options on loses nothing and confirms everything', async () => {
  const bus = await startOrdersBus();
  try {
    const around = (inner: Publisher): Publisher => ({
      publish: (events) => inner.publish(events),
      publishSettled: (events) => inner.publishSettled(events),
      verify: () => inner.verify(),
      close: () => inner.close(),
    });
    const relay = run(bus, { around });
    await database.placeOrders(60, 7);
    await bus.waitFor(everyKey(database.committed));
    await relay.stop();
    expect(expectAllOrders(database.committed, bus.events)).toBe(0);
    const [slot] = await database.query(
      `select confirmed_flush_lsn = acknowledged_lsn as settled
       from pg_replication_slots join tidings.checkpoint on name = slot_name
       where slot_name = $1`,
      [database.slot],
    );
    expect(slot).toEqual({ settled: true });
    const again = run(bus);
    await again.logged('relay running');
    await again.stop();
    expect(expectAllOrders(database.committed, bus.events)).toBe(0);
  } finally {
    await bus.stop();
  }
});
