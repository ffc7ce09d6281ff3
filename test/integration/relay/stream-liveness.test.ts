import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import type { LocalBus } from '@tidings/local';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { everyKey, expectAllOrders } from '../../support/expect-all-orders.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { type RunningRelay, runRelay, startOrdersBus } from '../../support/running-relay.ts';
import { openTcpLink, type TcpLink } from '../../support/tcp-link.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
let bus: LocalBus;
let link: TcpLink;
const relays: RunningRelay[] = [];

beforeAll(async () => {
  cluster = await startPostgresCluster();
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createOrdersDatabase(cluster);
  bus = await startOrdersBus();
  link = await openTcpLink(cluster.port);
});
afterEach(async () => {
  for (const relay of relays.splice(0)) {
    relay.relay.stop();
    await relay.ended.catch(() => {});
  }
  await link.close();
  await bus.stop();
  await database.close();
});

function start(options: Parameters<typeof runRelay>[2] = {}): RunningRelay {
  const relay = runRelay(database, bus, options);
  relays.push(relay);
  return relay;
}

const throughLink = (): string => database.url.replace(`:${cluster.port}/`, `:${link.port}/`);

const arrival = (): Promise<unknown> =>
  bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });

test('a second relay on the slot waits, and takes over when the first ends', async () => {
  const first = start();
  await first.logged('streaming');
  const second = start();
  await second.logged('standing by');
  await database.placeOrders(50);
  await arrival();
  const stopping = first.stop();
  await database.placeOrders(50);
  await stopping;
  await second.logged('streaming');
  await database.placeOrders(50);
  await arrival();
  await second.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
  // The hand-over was no loss: nobody had to heal anything.
  expect(await database.query('select from tidings.incident')).toHaveLength(0);
});

test('a relay whose backend is terminated comes back, though another waits', async () => {
  const first = start();
  await first.logged('streaming');
  const second = start();
  await second.logged('standing by');
  await database.query(
    'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1',
    [database.slot],
  );
  await database.placeOrders(60);
  await arrival();
  await Promise.all([first.stop(), second.stop()]);
  expectAllOrders(database.committed, bus.events);
  expect(await database.query('select from tidings.incident')).toHaveLength(0);
});

test('a link that is cut is opened again, and nothing is published twice', async () => {
  const relay = start({ connection: throughLink() });
  await relay.logged('streaming');
  await database.placeOrders(50);
  await arrival();
  link.cut();
  await database.placeOrders(50);
  await arrival();
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
});

test('a link that goes silent is noticed within heartbeatTimeoutMs and opened again', async () => {
  const relay = start({ connection: throughLink(), heartbeatTimeoutMs: 500 });
  await relay.logged('streaming');
  await database.placeOrders(30);
  await arrival();
  link.freeze();
  await database.placeOrders(30);
  // The heartbeat is missed, or the look at the slot gets no answer: whichever is first.
  await relay.logged('the stream is down; connecting again');
  link.thaw();
  await arrival();
  await relay.stop();
  expectAllOrders(database.committed, bus.events);
});

test('a stream that is silent while its server answers is given up at the heartbeat’s deadline', async () => {
  const relay = start({ heartbeatTimeoutMs: 500 });
  await relay.logged('streaming');
  await database.placeOrders(30);
  await arrival();
  const [slot] = await database.query(
    'select active_pid from pg_replication_slots where slot_name = $1',
    [database.slot],
  );
  // The server's end of the stream stands still; all other connections work.
  const sender = Number(slot?.active_pid);
  process.kill(sender, 'SIGSTOP');
  try {
    await database.placeOrders(30);
    expect(await relay.logged('silent although its connection lives')).toMatchObject({
      level: 'error',
    });
    await relay.logged('standing by');
  } finally {
    process.kill(sender, 'SIGCONT');
  }
  await arrival();
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
  expect(await database.query('select from tidings.incident')).toHaveLength(0);
});

test('a server that is busy with a large transaction of other tables is not taken for silent', async () => {
  const relay = start({ heartbeatTimeoutMs: 500 });
  await relay.logged('streaming');
  await database.query('create table unpublished (id int, text text)');
  await database.query(
    `insert into unpublished select n, repeat('x', 60) from generate_series(1, 500000) as n`,
  );
  await database.placeOrders(20);
  await arrival();
  await relay.stop();
  expect(relay.log.map(({ message }) => message)).not.toContainEqual(
    expect.stringContaining('the stream is silent'),
  );
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
});

test('while the bus takes nothing the stream is closed, so that the server can stop', async () => {
  bus.setFaults([
    { match: { source: 'com.acme.orders' }, action: { type: 'request-fail', preset: '500' } },
  ]);
  const relay = start({ stallTimeoutMs: 300 });
  await relay.logged('streaming');
  await database.placeOrders(40);
  await relay.logged('the bus has accepted nothing for long');
  await cluster.restart();
  expect(
    await database.query('select active from pg_replication_slots where slot_name = $1', [
      database.slot,
    ]),
  ).toEqual([{ active: false }]);
  await database.placeOrders(20);
  bus.setFaults([]);
  await arrival();
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
});

test('an idle outbox lets its slot move while another database writes', async () => {
  const relay = start();
  await relay.logged('streaming');
  await cluster.createDatabase('other');
  const confirmed = async (): Promise<string> => {
    const [row] = await database.query(
      'select confirmed_flush_lsn from pg_replication_slots where slot_name = $1',
      [database.slot],
    );
    return String(row?.confirmed_flush_lsn);
  };
  const before = await confirmed();
  const [written] = await database.query(
    `select pg_logical_emit_message(false, 'filler', repeat('x', 1000000))::text as lsn`,
  );
  for (;;) {
    const [row] = await database.query('select $1::pg_lsn >= $2::pg_lsn as past', [
      await confirmed(),
      written?.lsn,
    ]);
    if (row?.past === true) break;
  }
  expect(await confirmed()).not.toBe(before);
  await relay.stop();
});

test('a relay that falls behind says so, in bytes, events and seconds, once each', async () => {
  const warnings = { lagBytes: 1_000, lagEvents: 10, lagSeconds: 0.05 };
  const relay = start({ warnings });
  await relay.logged('streaming');
  await database.placeOrders(10);
  await arrival();
  bus.setFaults([
    { match: { source: 'com.acme.orders' }, action: { type: 'request-fail', preset: '500' } },
  ]);
  await database.placeOrders(60);
  for (const sentence of ['bytes of WAL behind', 'owes more than 10 events', 's behind; raise']) {
    expect(await relay.logged(sentence)).toMatchObject({ level: 'warn' });
  }
  bus.setFaults([]);
  await arrival();
  await relay.stop();
  const codes = relay.log.flatMap(({ fields }) => ('code' in fields ? [fields.code] : []));
  expect(codes.filter((code) => code === 'lag-events')).toHaveLength(1);
});

test('a slot that is about to be lost warns before, each time with the setting to raise', async () => {
  const change = async (...settings: readonly string[]): Promise<void> => {
    for (const setting of settings) await database.query(`alter system ${setting}`);
    await database.query('select pg_reload_conf()');
  };
  bus.setFaults([
    { match: { source: 'com.acme.orders' }, action: { type: 'request-fail', preset: '500' } },
  ]);
  const relay = start();
  await relay.logged('streaming');
  await database.placeOrders(1);
  try {
    await change(`set max_wal_size = '32MB'`);
    await database.query(
      `select pg_logical_emit_message(false, 'filler', repeat('x', 4000000))
       from generate_series(1, 20)`,
    );
    for (const [words, code] of [
      ['is extended', 'wal-extended'],
      ['is unreserved', 'wal-unreserved'],
      ['is lost after another', 'safe-wal-size'],
    ] as const) {
      // Not lost before the next checkpoint, which is far off with this max_wal_size.
      if (words === 'is unreserved') {
        await change('reset max_wal_size', `set max_slot_wal_keep_size = '16MB'`);
      }
      const { level, message, fields } = await relay.logged(words);
      expect({ level, code: fields.code }).toEqual({ level: 'warn', code });
      expect(message).toContain('raise max_slot_wal_keep_size');
    }
  } finally {
    await change('reset max_wal_size', 'reset max_slot_wal_keep_size');
  }
  bus.setFaults([]);
  await arrival();
  await relay.stop();
});
