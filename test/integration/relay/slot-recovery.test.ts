import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import type { LocalBus } from '@tidings/local';
import { type OutboxRow, walSource } from '@tidings/postgres';
import { type ChangeGroup, silentLogger } from '@tidings/relay';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { appendRow } from '../../support/append-row.ts';
import { everyKey, expectAllOrders } from '../../support/expect-all-orders.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readSource, type SourceReading } from '../../support/read-source.ts';
import { type RunningRelay, runRelay, startOrdersBus } from '../../support/running-relay.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
let bus: LocalBus;
const relays: RunningRelay[] = [];
const readings: SourceReading<OutboxRow>[] = [];
const clients: pg.Client[] = [];

beforeAll(async () => {
  cluster = await startPostgresCluster({ max_prepared_transactions: '2' }, postgresMajor());
  bus = await startOrdersBus();
});
afterAll(async () => {
  await bus.stop();
  await cluster.stop();
});
/** Each test begins with a slot that was dropped before it was streamed. */
beforeEach(async () => {
  bus.reset();
  database = await createOrdersDatabase(cluster);
  await database.query('select pg_drop_replication_slot($1)', [database.slot]);
});
afterEach(async () => {
  for (const { relay, ended } of relays.splice(0)) {
    relay.stop();
    await ended.catch(() => {});
  }
  for (const reading of readings.splice(0)) await reading.kill().catch(() => {});
  for (const client of clients.splice(0)) await client.end();
  await database.close();
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client(database.url);
  await client.connect();
  clients.push(client);
  return client;
}

function start(): RunningRelay {
  const relay = runRelay(database, bus);
  relays.push(relay);
  return relay;
}

const source = (): ReturnType<typeof walSource> =>
  walSource({ connection: database.url, slot: database.slot, heartbeatIntervalMs: 50 });

function startReading(): SourceReading<OutboxRow> {
  const reading = readSource(source());
  readings.push(reading);
  return reading;
}

const arrival = (): Promise<unknown> =>
  bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });

const keysOf = (reading: SourceReading<OutboxRow>): string[] =>
  reading.changes.map((row) => row.idempotencyKey);

async function fill(rows: number, bytes: number): Promise<void> {
  const client = await connect();
  const data = JSON.stringify('x'.repeat(bytes));
  await client.query('begin');
  for (let i = 0; i < rows; i++) await appendRow(client, { key: `${i}`, data });
  await client.query('commit');
}

async function incidents(): Promise<readonly Record<string, unknown>[]> {
  return database.query(
    `select reason, republished, closed_at is not null as closed from tidings.incident order by id`,
  );
}

test('large rows are read again a few at a time', async () => {
  await fill(15, 900_000);
  const reading = startReading();
  await reading.until(() => reading.changes.length === 15);
  expect(Math.max(...reading.groupBytes)).toBeLessThan(2.5 * 1024 * 1024);
  expect(keysOf(reading)).toEqual(Array.from({ length: 15 }, (_, i) => `${i}`));
});

test('a recovery that stops within a backlog goes on where its confirmed pages end', async () => {
  await fill(600, 10_000);
  const first = startReading();
  first.confirmAlways();
  await first.until(() => first.groupBytes.length >= 2);
  await first.kill();
  await first.confirm().catch(() => {});
  expect(first.changes.length).toBeLessThan(600);
  const [incident] = await incidents();
  expect(incident).toMatchObject({ closed: false });
  const second = startReading();
  second.confirmAlways();
  await second.logged('the slot is healed');
  expect(second.changes.length).toBeLessThan(600);
  expect(new Set([...keysOf(first), ...keysOf(second)]).size).toBe(600);
  const order = keysOf(second).map(Number);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(await incidents()).toEqual([{ reason: 'dropped', republished: '600', closed: true }]);
});

test('while nobody takes what was read, no transaction of a recovery is open', async () => {
  await fill(600, 10_000);
  const slow = source();
  const stopping = new AbortController();
  const groups = slow.read(stopping.signal, silentLogger)[Symbol.asyncIterator]();
  try {
    await groups.next();
    const resting = async (): Promise<boolean> => {
      const [row] = await database.query(
        `select count(*) filter (where state = 'idle' and query like '%tidings.outbox%')::int as idle,
                count(*) filter (where state <> 'idle')::int as busy,
                count(*) filter (where xact_start is not null or backend_xmin is not null)::int as open
         from pg_stat_activity
         where application_name like 'tidings %' and pid <> pg_backend_pid()
           and datname = current_database()`,
      );
      if (row?.idle !== 1 || row.busy !== 0) return false;
      expect(row.open).toBe(0);
      return true;
    };
    // At rest twice: with full queues, not between two statements.
    for (let seen = 0; seen < 20; ) seen = (await resting()) ? seen + 1 : 0;
  } finally {
    stopping.abort();
    await groups.return?.();
    await slow.close();
  }
});

test('what the outbox holds is published while an old transaction holds up the new slot', async () => {
  const old = await connect();
  await old.query('begin');
  await old.query('select pg_current_xact_id()');
  const { rows } = await old.query<{ pid: number }>('select pg_backend_pid() as pid');
  await database.placeOrders(30);
  const relay = start();
  await arrival();
  await database.placeOrders(10);
  await arrival();
  const { message } = await relay.logged('making the slot anew waits for the end of transaction');
  expect(message).toContain(`held by backend ${rows[0]?.pid} `);
  expect(message).toContain(`SELECT pg_terminate_backend(${rows[0]?.pid})`);
  await appendRow(old, { key: 'late' });
  await old.query('commit');
  database.committed.add('late');
  await relay.logged('the slot is healed');
  await arrival();
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
  expect(await incidents()).toEqual([{ reason: 'dropped', republished: '41', closed: true }]);
});

test('a prepared transaction that holds up the new slot is named with what ends it', async () => {
  const client = await connect();
  await client.query('begin');
  await appendRow(client, { key: 'prepared' });
  await client.query(`prepare transaction 'it''s old'`);
  await database.placeOrders(5);
  const relay = start();
  await arrival();
  const { message } = await relay.logged('making the slot anew waits for');
  const [statement = ''] = /COMMIT PREPARED '.*?[^']'(?!')/.exec(message) ?? [];
  expect(statement).toBe(`COMMIT PREPARED 'it''s old'`);
  await database.query(statement);
  database.committed.add('prepared');
  await relay.logged('the slot is healed');
  await arrival();
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
});

test('without a free slot the outbox is published, and it is said how to free one', async () => {
  const taken: string[] = [];
  try {
    for (;;) {
      const name = `taken_${taken.length}`;
      await database.query('select pg_create_physical_replication_slot($1)', [name]);
      taken.push(name);
    }
  } catch (error) {
    expect(error).toMatchObject({ code: '53400' });
  }
  try {
    await database.placeOrders(10);
    const relay = start();
    await arrival();
    const { message } = await relay.logged('no replication slot is free');
    const statement = `SELECT pg_drop_replication_slot('${taken.pop()}')`;
    expect(message).toContain(statement);
    await database.query(statement);
    await relay.logged('the slot is healed');
    await database.placeOrders(5);
    await arrival();
    await relay.stop();
    expect(expectAllOrders(database.committed, bus.events)).toBe(0);
    const said = relay.log.filter(({ message: each }) => each.includes('no replication slot'));
    expect(said).toHaveLength(1);
  } finally {
    for (const name of taken) await database.query('select pg_drop_replication_slot($1)', [name]);
  }
});

test('rows of an unlogged partition are published, and it is said how it is logged again', async () => {
  await database.placeOrders(1);
  const [row] = await database.query('select tableoid::regclass::text as name from tidings.outbox');
  await database.query(`alter table ${row?.name} set unlogged`);
  await database.placeOrders(10);
  const relay = start();
  await arrival();
  const statement = `ALTER TABLE ${row?.name} SET LOGGED`;
  const { message } = await relay.logged('the publication cannot be restored yet');
  expect(message).toContain(`run ${statement}`);
  await database.query(statement);
  await relay.logged('the slot is healed');
  await database.placeOrders(5);
  await arrival();
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
});

test('a connection that breaks while the outbox is read again is replaced, and nothing twice', async () => {
  await fill(600, 10_000);
  const broken = source();
  const stopping = new AbortController();
  const groups = broken.read(stopping.signal, silentLogger)[Symbol.asyncIterator]();
  const keys: string[] = [];
  async function take(): Promise<void> {
    const { value } = (await groups.next()) as { value: readonly ChangeGroup<OutboxRow>[] };
    for (const { records } of value) {
      for (const { change } of records) keys.push(change.idempotencyKey);
    }
  }
  try {
    await take();
    const ended = await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name like 'tidings %stream'
         and backend_type = 'client backend'`,
    );
    expect(ended).toHaveLength(1);
    while (keys.length < 600) await take();
  } finally {
    stopping.abort();
    await groups.return?.();
    await broken.close();
  }
  expect(keys).toEqual(Array.from({ length: 600 }, (_, i) => `${i}`));
});

test('an open incident is recovered from, although all looks right again', async () => {
  const first = start();
  await first.logged('the slot is healed');
  await first.stop();
  const halted = runRelay(database, bus, { onSlotLoss: 'halt' });
  await halted.logged('streaming');
  await database.query('alter table tidings.outbox rename to renamed');
  await expect(halted.ended).rejects.toThrow('table tidings.outbox does not exist any more');
  await database.query('alter table tidings.renamed rename to outbox');
  await database.placeOrders(3);
  const relay = start();
  await relay.logged('incident 2 is open since');
  await relay.logged('the slot is healed');
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
  expect((await incidents()).map(({ closed }) => closed)).toEqual([true, true]);
});

test.each([
  ['deleted', "delete from tidings.outbox where event_id in ('3', '4')", 2],
  ['truncated', 'truncate tidings.outbox', 6],
])('rows that were %s before they were read again are told of', async (_name, remove, count) => {
  await fill(6, 10);
  await database.query(remove);
  const relay = start();
  const { level, message } = await relay.logged('the slot is healed');
  await relay.stop();
  expect(level).toBe('warn');
  expect(message).toContain(`as far as there are rows: ${count} ids above `);
  expect(bus.events).toHaveLength(6 - count);
});

test('a recovery that finds a row for each id says nothing of missing ones', async () => {
  await fill(6, 10);
  const relay = start();
  const { level, message } = await relay.logged('the slot is healed');
  await relay.stop();
  expect([level, message]).toEqual(['info', 'the slot is healed']);
});

/** Appends a row past the table that is published, as a bulk load would. */
async function appendInto(table: string, row: Parameters<typeof appendRow>[1]): Promise<void> {
  const query = (text: string, values: unknown[]): Promise<unknown> =>
    database.query(text.replace('into tidings.outbox', `into ${table}`), values);
  await appendRow({ query } as never, row);
  database.committed.add(row.key);
}

/** Resolves when the stored bookmark covers the newest row of a table. */
async function bookmarkCovers(table: string): Promise<void> {
  for (;;) {
    const [row] = await database.query(
      `select pg_visible_in_snapshot((select max(transaction_id) from ${table}), bookmark) as covered
       from tidings.checkpoint where name = $1`,
      [database.slot],
    );
    if (row?.covered === true) return;
  }
}

test('rows that were in a partition before it was attached are published, bookmark or not', async () => {
  const relay = start();
  await relay.logged('the slot is healed');
  await database.placeOrders(10);
  await database.query('create table tidings.filled (like tidings.outbox including all)');
  await appendInto('tidings.filled', { key: 'filled', appendedAt: '2020-01-01' });
  await bookmarkCovers('tidings.filled');
  await database.query(
    `alter table tidings.outbox attach partition tidings.filled
     for values from ('2020-01-01') to ('2020-01-02')`,
  );
  await arrival();
  await relay.logged('was attached, and had rows by then');
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
});

test('of a partition that comes back, the rows that it got meanwhile are published', async () => {
  const relay = start();
  await relay.logged('the slot is healed');
  await database.placeOrders(10);
  const [day] = await database.query(
    `select c.oid::regclass::text as name, pg_get_expr(relpartbound, c.oid) as bounds
     from pg_class c where oid = (select tableoid from tidings.outbox limit 1)`,
  );
  await bookmarkCovers('tidings.outbox');
  await database.query(`alter table tidings.outbox detach partition ${day?.name}`);
  await appendInto(String(day?.name), { key: 'meanwhile' });
  await bookmarkCovers(String(day?.name));
  await database.query(`alter table tidings.outbox attach partition ${day?.name} ${day?.bounds}`);
  await arrival();
  await database.placeOrders(5);
  await arrival();
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
  expect((await incidents()).at(-1)).toEqual({
    reason: 'publication-changed',
    republished: '1',
    closed: true,
  });
});

test('a partition that comes back as it left is no incident', async () => {
  const relay = start();
  await relay.logged('the slot is healed');
  await database.placeOrders(10);
  const [day] = await database.query(
    `select c.oid::regclass::text as name, pg_get_expr(relpartbound, c.oid) as bounds
     from pg_class c where oid = (select tableoid from tidings.outbox limit 1)`,
  );
  await bookmarkCovers('tidings.outbox');
  await database.query(`alter table tidings.outbox detach partition ${day?.name}`);
  await bookmarkCovers(String(day?.name));
  await database.query(`alter table tidings.outbox attach partition ${day?.name} ${day?.bounds}`);
  await database.placeOrders(5);
  await arrival();
  await bookmarkCovers('tidings.outbox');
  await relay.stop();
  expect(await incidents()).toHaveLength(1);
});
