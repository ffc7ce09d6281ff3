import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import {
  migrateOutbox,
  type OutboxRow,
  type PollSourceOptions,
  pollSource,
} from '@tidings/postgres';
import type { Checkpoint } from '@tidings/relay';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { readCheckpoint } from '../../../packages/postgres/src/checkpoint-store.ts';
import { appendRow } from '../../support/append-row.ts';
import { everyKey, expectAllOrders } from '../../support/expect-all-orders.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readSource, type SourceReading } from '../../support/read-source.ts';
import { refusal } from '../../support/refusal.ts';
import { runRelayFrom, startOrdersBus } from '../../support/running-relay.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
const readings: SourceReading<OutboxRow>[] = [];
const clients: pg.Client[] = [];

beforeAll(async () => {
  cluster = await startPostgresCluster(
    { wal_level: 'replica', max_prepared_transactions: '4' },
    postgresMajor(),
  );
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createOrdersDatabase(cluster, { without: 'slot' });
});
afterEach(async () => {
  for (const reading of readings.splice(0)) await reading.kill();
  for (const client of clients.splice(0)) await client.end().catch(() => {});
  await database.close();
});

const fast = { minIntervalMs: 1, maxIntervalMs: 50 };

function poller(options: Partial<PollSourceOptions> = {}): ReturnType<typeof pollSource> {
  return pollSource({ connection: database.url, name: 'orders', ...fast, ...options });
}

function startReading(options: Partial<PollSourceOptions> = {}): SourceReading<OutboxRow> {
  const reading = readSource(poller(options));
  readings.push(reading);
  return reading;
}

async function connect(options: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url, ...options });
  client.on('error', () => {});
  await client.connect();
  clients.push(client);
  return client;
}

const insertOrder = (client: pg.Client, key: string, orderingKey = key): Promise<void> =>
  appendRow(client, { key, orderingKey });

const keysOf = (reading: SourceReading<OutboxRow>): string[] =>
  reading.changes.map((row) => row.idempotencyKey);

test('a role that may read the outbox and write its checkpoint publishes every order', async () => {
  await database.query(
    `do $$ begin
       if not exists (select from pg_roles where rolname = 'plain') then
         create role plain login password 'plain';
       end if;
     end $$`,
  );
  await database.query('grant usage on schema tidings to plain');
  await database.query('grant select on tidings.outbox to plain');
  await database.query('grant select, insert, update, delete on tidings.checkpoint to plain');
  const bus = await startOrdersBus();
  await database.placeOrders(300, 10);
  const relay = runRelayFrom(
    poller({ connection: database.url.replace('postgres:tidings@', 'plain:plain@') }),
    bus,
  );
  try {
    await database.placeOrders(300);
    await bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });
    await relay.stop();
    expectAllOrders(database.committed, bus.events);
    const [row] = await database.query(
      `select bool_and(pg_visible_in_snapshot(transaction_id, bookmark)) as covered
       from tidings.outbox, tidings.checkpoint where name = 'orders'`,
    );
    expect(row).toEqual({ covered: true });
  } finally {
    await relay.stop();
    await bus.stop();
  }
});

test('numbers of the detail keep their digits', async () => {
  const client = await connect();
  await insertOrder(client, 'a');
  const reading = startReading();
  await reading.until(() => reading.changes.length === 1);
  expect(reading.changes[0]?.detail).toContain('12345678901234567890');
});

test('an open transaction delays nobody else, and is named', async () => {
  const [open, other] = [await connect({ application_name: 'report' }), await connect()];
  await open.query('begin');
  await insertOrder(open, 'first', 'same');
  await insertOrder(other, 'second');
  const reading = startReading({ openTransactionWarningMs: 100 });
  const { message } = await reading.logged('has been open for');
  expect(message).toMatch(/application "report", user "postgres", database "shop_\w+", idle in/);
  expect(message).toContain('set idle_in_transaction_session_timeout');
  expect(message).toContain('SELECT pg_terminate_backend(');
  expect(keysOf(reading)).toEqual(['second']);
  await reading.confirm();
  await reading.kill();
  await open.query('commit');
  const next = startReading();
  await next.until(() => next.changes.length === 1);
  expect(keysOf(next)).toEqual(['first']);
});

test('a prepared transaction that nobody ends is named', async () => {
  const client = await connect();
  await client.query('begin');
  await insertOrder(client, 'prepared');
  await client.query("prepare transaction 'it''s'");
  const reading = startReading({ openTransactionWarningMs: 100 });
  const { message } = await reading.logged('is prepared');
  expect(message).toContain("run COMMIT PREPARED 'it''s' or ROLLBACK PREPARED 'it''s' there");
  await client.query("commit prepared 'it''s'");
  await reading.until(() => reading.changes.length === 1);
});

test('who waited for a row comes after whom it waited for, whoever began first', async () => {
  const [early, late] = [await connect(), await connect()];
  await early.query('create table stock (id int primary key, n int)');
  await early.query('insert into stock values (1, 0)');
  await early.query('begin');
  await early.query('select pg_current_xact_id()');
  await late.query('begin');
  await late.query('update stock set n = n + 1');
  await insertOrder(late, 'came-first', 'stock-1');
  const waiting = early.query('update stock set n = n + 1');
  await late.query('commit');
  await waiting;
  await insertOrder(early, 'waited', 'stock-1');
  await early.query('commit');
  const reading = startReading();
  await reading.until(() => reading.changes.length === 2);
  expect(keysOf(reading)).toEqual(['came-first', 'waited']);
});

test('a restart of the server: the poller connects again and reads nothing twice', async () => {
  const reading = startReading();
  await database.placeOrders(100);
  await reading.until(() => reading.changes.length === database.committed.size);
  await cluster.restart();
  await reading.logged('has lost its connection; connecting again');
  await database.placeOrders(100);
  await reading.until(() => reading.changes.length >= database.committed.size);
  expect(keysOf(reading).toSorted()).toEqual([...database.committed].toSorted());
});

test('a crash of the server: commits that it kept are read, each once', async () => {
  const client = await connect();
  await client.query('set synchronous_commit = off');
  const reading = startReading();
  for (let i = 0; i < 50; i++) await insertOrder(client, `async-${i}`);
  await reading.until(() => reading.changes.length > 0);
  await cluster.crash();
  await cluster.start();
  await database.placeOrders(50);
  const kept = await database.query('select idempotency_key as key from tidings.outbox');
  await reading.until(() => reading.changes.length >= kept.length);
  expect(keysOf(reading).toSorted()).toEqual(kept.map(({ key }) => key).toSorted());
});

test('what was not confirmed is read again by the next poller, what was is not', async () => {
  const first = startReading();
  await database.placeOrders(50);
  await first.until(() => first.changes.length === 50);
  await first.confirm();
  await database.placeOrders(30);
  await first.until(() => first.changes.length === 80);
  await first.kill();
  const second = startReading();
  await second.until(() => second.changes.length === 30);
  expect(new Set([...keysOf(first).slice(0, 50), ...keysOf(second)])).toEqual(database.committed);
});

test('a second poller of the name stands by and takes over', async () => {
  const first = startReading();
  first.confirmAlways();
  await first.logged('holding shards');
  const second = startReading();
  await second.logged('polling');
  await database.placeOrders(40);
  await first.until(() => first.changes.length === 40);
  await first.kill();
  await database.placeOrders(40);
  await second.until(() => second.changes.length >= 40);
  expect(keysOf(second)).toHaveLength(40);
});

test('pollers divide the keys, share with one that joins, and take over from one that dies', async () => {
  const shards = 8;
  const writer = await connect();
  const expected = new Map<string, string[]>();
  let next = 0;
  const write = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      next += 1;
      const orderingKey = `key-${next % 40}`;
      await insertOrder(writer, `${orderingKey}/${next}`, orderingKey);
      expected.set(orderingKey, [...(expected.get(orderingKey) ?? []), `${orderingKey}/${next}`]);
    }
  };
  const readings = (): SourceReading<OutboxRow>[] => [first, second, third];
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await Promise.race(readings().map((reading) => reading.next()));
  };
  const held = (...by: readonly SourceReading<OutboxRow>[]): number[] =>
    by.map(({ log }) => {
      const line = log.findLast(({ message }) => message === 'holding shards');
      return (line?.fields.held as number[] | undefined)?.length ?? 0;
    });
  const read = (): number => readings().reduce((sum, { changes }) => sum + changes.length, 0);
  const first = startReading({ shards });
  const second = startReading({ shards });
  const third = startReading({ shards });
  for (const reading of readings()) reading.confirmAlways();
  await write(200);
  await until(
    () =>
      held(...readings())
        .toSorted()
        .join() === '2,3,3',
  );
  await write(200);
  await until(() => read() === 400);
  for (const reading of readings()) expect(reading.changes.length).toBeGreaterThan(0);
  await first.kill();
  await until(() => held(second, third).join() === '4,4');
  await write(200);
  await until(() => read() === 600);
  // Each key's events were read in order, by whoever held it; nothing was read twice.
  expect(new Set(readings().flatMap(keysOf)).size).toBe(600);
  for (const reading of readings()) {
    for (const [orderingKey, keys] of expected) {
      const own = keysOf(reading).filter((key) => key.startsWith(`${orderingKey}/`));
      expect(own).toEqual(keys.filter((key) => own.includes(key)));
    }
  }
});

test('another number of shards goes on where the one furthest behind stood', async () => {
  const first = startReading({ shards: 4 });
  await database.placeOrders(60);
  await first.until(() => first.changes.length === 60);
  await first.confirm();
  await first.kill();
  const second = startReading({ shards: 2 });
  await database.placeOrders(20);
  await second.until(() => second.changes.length === 20);
  await second.confirm();
  await second.kill();
  const third = startReading();
  await database.placeOrders(10);
  await third.until(() => third.changes.length === 10);
  expect(await database.query('select name from tidings.checkpoint')).toEqual([{ name: 'orders' }]);
});

test('a notification ends the wait; polling finds what no notification told of', async () => {
  await database.query(
    `create trigger notify after insert on tidings.outbox
     for each statement execute function tidings.notify_append('appended')`,
  );
  const tenMinutes = { minIntervalMs: 600_000, maxIntervalMs: 600_000 };
  const listening = startReading({ notifyChannel: 'appended', ...tenMinutes });
  await listening.logged('holding shards');
  // The first look finds what is there; what a second one finds came by a notification.
  while (listening.groupBytes.length < 2) await database.placeOrders(1);
  const deaf = startReading({ name: 'deaf', notifyChannel: 'nobody writes here' });
  await deaf.until(() => deaf.changes.length === database.committed.size);
});

test('a backlog of large rows is read in pages that fit in memory', async () => {
  const client = await connect();
  await client.query('begin');
  const data = JSON.stringify('x'.repeat(20_000));
  for (let i = 0; i < 2_000; i++) await appendRow(client, { key: String(i), data });
  await client.query('commit');
  const reading = startReading();
  await reading.until(() => reading.changes.length === 2_000);
  expect(Math.max(...reading.groupBytes)).toBeLessThan(7 * 1024 * 1024);
  expect(new Set(keysOf(reading)).size).toBe(2_000);
});

test('an outbox without new rows still moves its bookmark', async () => {
  const reading = startReading();
  reading.confirmAlways();
  await reading.logged('holding shards');
  await reading.until(() => reading.groupBytes.length > 0);
  await reading.confirm();
  const rows = await database.query('select bookmark is not null as moved from tidings.checkpoint');
  expect(rows).toEqual([{ moved: true }]);
});

test('what was read on another timeline is not stored, an older one moves nothing back', async () => {
  const reading = startReading();
  await database.placeOrders(3);
  await reading.until(() => reading.changes.length === 3);
  await reading.confirm();
  await reading.kill();
  const before = await database.query('select bookmark::text, timeline from tidings.checkpoint');
  const source = poller();
  try {
    await source.confirm('9 2026-06-07T02:00:00Z 0=999999999:999999999:' as Checkpoint);
    await source.confirm('1 2026-06-07T02:00:00Z 0=5:5:' as Checkpoint);
    expect(await database.query('select bookmark::text, timeline from tidings.checkpoint')).toEqual(
      before,
    );
    await database.query('delete from tidings.checkpoint');
    expect(
      await refusal(source.confirm('1 2026-06-07T02:00:00Z 0=999999999:999999999:' as Checkpoint)),
    ).toContain('a checkpoint of poller "orders" is gone');
  } finally {
    await source.close();
  }
});

test('what cannot work is refused before anything is read', async () => {
  await database.query(
    `insert into tidings.checkpoint (name, system_identifier, timeline, acknowledged_lsn) values
       ('a_slot', '1', 1, '0/1'), ('restored', '1', 1, null)`,
  );
  const verify = async (options: Partial<PollSourceOptions>): Promise<string> => {
    const source = poller(options);
    try {
      return await refusal(source.verify());
    } finally {
      await source.close();
    }
  };
  expect(await verify({ name: 'a_slot' })).toContain(
    'checkpoint "a_slot" belongs to a replication slot; give the poller another name',
  );
  expect(await verify({ name: 'restored' })).toContain(
    'the checkpoint of poller "restored" was written by another database cluster',
  );
  expect(await verify({ connection: cluster.url('postgres') })).toContain(
    'has no tidings.outbox; run `tidings outbox migrate` first',
  );
  expect(await verify({ connection: 'postgres://127.0.0.1:1/shop' })).toContain(
    'cannot reach Postgres at 127.0.0.1:1/shop',
  );
  await database.query('create role "no rights" login password \'x\'').catch(() => {});
  expect(
    await verify({ connection: database.url.replace('postgres:tidings@', 'no%20rights:x@') }),
  ).toMatch(/ConfigurationError: permission denied/);
});

test("a slot does not take a checkpoint that is a poller's", async () => {
  const reading = startReading();
  await reading.logged('holding shards');
  const client = await connect();
  expect(await refusal(readCheckpoint(client, 'orders'))).toContain(
    'ConfigurationError: checkpoint "orders" belongs to a poller; give the slot another name',
  );
});

test.each([
  [{ name: 'Orders' }, 'name must be 1 to 40 lower-case letters'],
  [{ shards: 0 }, 'shards must be a whole number from 1 to 64, got 0'],
  [{ minIntervalMs: 0 }, 'minIntervalMs must be 1 to 2147483647, got 0'],
  [{ minIntervalMs: 100, maxIntervalMs: 10 }, 'maxIntervalMs must be 100 to 2147483647, got 10'],
  [{ notifyChannel: '' }, 'notifyChannel must have 1 to 63 bytes, got ""'],
  [{ connection: '' }, 'connection must be a connection string'],
])('refuses %o', (options, sentence) => {
  expect(() => poller(options)).toThrow(sentence);
});

test('two migrations and a poller at once', async () => {
  await Promise.all([
    migrateOutbox({ connection: database.url }),
    migrateOutbox({ connection: database.url }),
    poller().verify(),
  ]);
});
