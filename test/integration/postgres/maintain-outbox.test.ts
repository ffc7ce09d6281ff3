import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import {
  MaintenanceError,
  type MaintenanceReport,
  maintainOutbox,
  migrateOutbox,
  pollSource,
} from '@tidings/postgres';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { appendRow } from '../../support/append-row.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readSource } from '../../support/read-source.ts';
import { refusal } from '../../support/refusal.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
let client: pg.Client;
const clients: pg.Client[] = [];

beforeAll(async () => {
  cluster = await startPostgresCluster({ wal_level: 'replica' }, postgresMajor());
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createOrdersDatabase(cluster, { without: 'slot' });
  client = await connect();
});
afterEach(async () => {
  for (const each of clients.splice(0)) await each.end();
  await database.close();
});

async function connect(): Promise<pg.Client> {
  const each = new pg.Client(database.url);
  await each.connect();
  clients.push(each);
  return each;
}

const maintain = (days = 7): Promise<MaintenanceReport> =>
  maintainOutbox({ connection: database.url, retention: { days } });

const DAY = 86_400_000;
/** Noon of a day so many days ago, and its partition. */
const noon = (ago: number): string =>
  `${new Date(Date.now() - ago * DAY).toISOString().slice(0, 10)}T12:00:00Z`;
const partition = (ago: number): string => `outbox_${noon(ago).slice(0, 10).replaceAll('-', '')}`;

async function makeDay(ago: number): Promise<void> {
  const { rows } = await client.query('select tidings.make_partition($1) as made', [
    noon(ago).slice(0, 10),
  ]);
  expect(rows).toEqual([{ made: true }]);
}

/** Publishes everything that is in the outbox, as far as its bookmark tells. */
async function publishAll(name = 'orders'): Promise<void> {
  const [{ count }] = (await database.query(
    `select count(*)::int from tidings.outbox where not exists (
       select from tidings.checkpoint
       where name = $1 and pg_visible_in_snapshot(transaction_id, bookmark))`,
    [name],
  )) as [{ count: number }];
  const reading = readSource(
    pollSource({ connection: database.url, name, minIntervalMs: 1, maxIntervalMs: 20 }),
  );
  await reading.until(() => reading.changes.length >= count && reading.groupBytes.length > 0);
  await reading.confirm();
  await reading.kill();
}

async function keys(): Promise<unknown[]> {
  const rows = await database.query('select event_id from tidings.outbox order by id');
  return rows.map((row) => row.event_id);
}

async function partitions(): Promise<unknown[]> {
  const rows = await database.query(
    `select inhrelid::regclass::text as name from pg_inherits
     where inhparent = 'tidings.outbox'::regclass order by 1`,
  );
  return rows.map((row) => String(row.name).replace('tidings.', ''));
}

test('a migrated outbox has its partitions a week ahead, and rows go there', async () => {
  await database.placeOrders(3);
  expect(await partitions()).toEqual([
    ...Array.from({ length: 8 }, (_, ahead) => partition(-ahead)),
    'outbox_default',
  ]);
  expect(await database.query('select from tidings.outbox_default')).toEqual([]);
  const report = await maintainOutbox({
    connection: database.url,
    retention: { days: 7 },
    daysAhead: 9,
  });
  expect(report).toEqual({
    made: [partition(-8), partition(-9)],
    dropped: [],
    deletedRows: 0,
    postponed: [],
  });
  expect((await maintain()).made).toEqual([]);
});

test('days and rows that are old and published go, younger ones stay', async () => {
  await makeDay(10);
  await makeDay(3);
  await appendRow(client, { key: 'ten-days', appendedAt: noon(10) });
  await appendRow(client, { key: 'three-days', appendedAt: noon(3) });
  await appendRow(client, { key: 'default-20', appendedAt: noon(20) });
  await appendRow(client, { key: 'default-4', appendedAt: noon(4) });
  await appendRow(client, { key: 'today' });
  await publishAll();
  const report = await maintain();
  expect(report).toEqual({ made: [], dropped: [partition(10)], deletedRows: 1, postponed: [] });
  expect(await keys()).toEqual(['three-days', 'default-4', 'today']);
});

test('rows of the default partition go in batches until none is left', async () => {
  for (let i = 0; i < 25; i++) await appendRow(client, { key: `k${i}`, appendedAt: noon(20) });
  await publishAll();
  await appendRow(client, { key: 'late', appendedAt: noon(20) });
  const report = await maintainOutbox({
    connection: database.url,
    retention: { days: 7 },
    batchRows: 10,
  });
  expect(report.deletedRows).toBe(25);
  expect(await keys()).toEqual(['late']);
});

test('what is not published survives whatever its age, and the report says who is behind', async () => {
  await makeDay(10);
  await appendRow(client, { key: 'published', appendedAt: noon(10) });
  await publishAll();
  await appendRow(client, { key: 'owed', appendedAt: noon(10) });
  await appendRow(client, { key: 'owed-too', appendedAt: noon(20) });
  const report = await maintain();
  expect(report).toMatchObject({ dropped: [], deletedRows: 0 });
  expect(report.postponed).toEqual([
    expect.stringMatching(/^1 day is kept: relay "orders" has published up to 20.*; start it, or/),
  ]);
  expect(await keys()).toEqual(['published', 'owed', 'owed-too']);
  await publishAll();
  expect(await maintain()).toMatchObject({ dropped: [partition(10)], deletedRows: 1 });
});

test('one reader without a bookmark, or none at all, keeps everything', async () => {
  await makeDay(10);
  await appendRow(client, { key: 'a', appendedAt: noon(10) });
  await appendRow(client, { key: 'b', appendedAt: noon(20) });
  const nobody = await maintain(0);
  expect(nobody).toMatchObject({ dropped: [], deletedRows: 0 });
  expect(nobody.postponed).toEqual([expect.stringContaining('no relay has a checkpoint')]);
  await publishAll();
  await database.query(
    `insert into tidings.checkpoint (name, system_identifier, timeline)
     select 'new one', system_identifier, timeline from tidings.checkpoint`,
  );
  const behind = await maintain();
  expect(behind).toMatchObject({ dropped: [], deletedRows: 0 });
  expect(behind.postponed).toEqual([
    expect.stringContaining('relay "new one" has published nothing yet'),
  ]);
  await database.query("delete from tidings.checkpoint where name = 'new one'");
  expect(await maintain()).toMatchObject({ dropped: [partition(10)], deletedRows: 1 });
});

test('every reader counts: the one furthest behind keeps its rows', async () => {
  await appendRow(client, { key: 'a', appendedAt: noon(20) });
  await publishAll('first');
  await publishAll('second');
  await appendRow(client, { key: 'b', appendedAt: noon(20) });
  await publishAll('first');
  expect((await maintain()).deletedRows).toBe(1);
  expect(await keys()).toEqual(['b']);
});

test('a transaction that has appended to an old day holds it, and nobody waits long', async () => {
  await makeDay(10);
  await appendRow(client, { key: 'published', appendedAt: noon(10) });
  await publishAll();
  const open = await connect();
  await open.query('begin');
  await appendRow(open, { key: 'in-flight', appendedAt: noon(10) });
  const report = await maintain();
  expect(report.dropped).toEqual([]);
  expect(report.postponed).toContain(
    `${partition(10)} is left for the next time: a transaction that runs holds the outbox`,
  );
  await open.query('commit');
  expect((await maintain()).dropped).toEqual([]);
  expect(await keys()).toEqual(['published', 'in-flight']);
});

test('a transaction that appends to a day after it was dropped loses nothing', async () => {
  await makeDay(10);
  await appendRow(client, { key: 'published', appendedAt: noon(10) });
  await publishAll();
  const open = await connect();
  await open.query('begin');
  await open.query('select pg_current_xact_id()');
  expect((await maintain()).dropped).toEqual([partition(10)]);
  await appendRow(open, { key: 'late', appendedAt: noon(10) });
  await open.query('commit');
  expect(await maintain()).toMatchObject({ deletedRows: 0 });
  expect(await keys()).toEqual(['late']);
});

test('a row that rolled back does not keep its day', async () => {
  await makeDay(10);
  await client.query('begin');
  await appendRow(client, { key: 'undone', appendedAt: noon(10) });
  await client.query('rollback');
  await publishAll();
  expect((await maintain()).dropped).toEqual([partition(10)]);
});

test('a day whose rows the default partition holds already stays there', async () => {
  await appendRow(client, { key: 'a', appendedAt: noon(-8) });
  const report = await maintainOutbox({
    connection: database.url,
    retention: { days: 7 },
    daysAhead: 9,
  });
  expect(report).toMatchObject({ made: [partition(-9)], postponed: [] });
});

test('a reader that holds the table for long postpones, and does not fail', async () => {
  await makeDay(10);
  await publishAll();
  await appendRow(client, { key: 'default', appendedAt: noon(20) });
  await publishAll();
  const open = await connect();
  await open.query('begin');
  await open.query('select from tidings.outbox');
  const report = await maintainOutbox({
    connection: database.url,
    retention: { days: 7 },
    daysAhead: 8,
  });
  expect(report).toMatchObject({ made: [], dropped: [], deletedRows: 1 });
  expect(report.postponed).toHaveLength(2);
  await open.query('commit');
});

test('two at once: one works, the other says so', async () => {
  const reports = await Promise.all([maintain(), maintain(), maintain()]);
  for (const { postponed } of reports) {
    if (postponed.length > 0) expect(postponed[0]).toContain('another maintenance runs');
  }
  expect(reports.some(({ postponed }) => postponed.length === 0)).toBe(true);
});

test('maintenance without a rest beside writers and a reader: nothing goes unread', async () => {
  for (const ago of [1, 2, 3, 4]) await makeDay(ago);
  const committed: string[] = [];
  let dropped = 0;
  let deletedRows = 0;
  let writing = true;
  const writer = async (first: string): Promise<void> => {
    const own = await connect();
    for (let i = 0; i < 60; i++) {
      const key = `${first}-${i}`;
      await own.query('begin');
      // Into days that are there, days that were dropped, and the default partition.
      await appendRow(own, { key, appendedAt: noon(1 + (i % 6)) });
      if (i % 4 === 0) await own.query('select pg_sleep(0.01)');
      await own.query(i % 3 === 0 ? 'rollback' : 'commit');
      if (i % 3 !== 0) committed.push(key);
    }
  };
  const reading = readSource(
    pollSource({ connection: database.url, name: 'orders', minIntervalMs: 1, maxIntervalMs: 20 }),
  );
  reading.confirmAlways();
  const maintainOnce = async (): Promise<readonly string[]> => {
    const report = await maintain(0);
    dropped += report.dropped.length;
    deletedRows += report.deletedRows;
    return report.postponed;
  };
  const maintaining = (async () => {
    while (writing) await maintainOnce();
  })();
  await Promise.all(['a', 'b', 'c'].map(writer));
  await reading.until(() => reading.changes.length >= committed.length);
  writing = false;
  await maintaining;
  await reading.confirm();
  await reading.kill();
  expect(reading.changes.map(({ eventId }) => eventId).toSorted()).toEqual(committed.toSorted());
  // An autovacuum of the moment may postpone a day.
  while ((await maintainOnce()).length > 0);
  expect(dropped).toBe(4);
  expect(deletedRows).toBeGreaterThan(0);
  expect(await keys()).toEqual([]);
});

test('a role that may only call the functions maintains the outbox', async () => {
  await makeDay(10);
  await publishAll();
  await database.query(
    `do $$ begin
       if not exists (select from pg_roles where rolname = 'keeper') then
         create role keeper login password 'keeper';
       end if;
     end $$`,
  );
  const connection = database.url.replace('postgres:tidings@', 'keeper:keeper@');
  await database.query('grant usage on schema tidings to keeper');
  expect(await refusal(maintainOutbox({ connection, retention: { days: 7 } }))).toContain(
    'permission denied for function make_partition',
  );
  await database.query(
    `grant execute on function tidings.make_partition(date),
       tidings.drop_partition(date, timestamptz), tidings.delete_published(timestamptz, integer),
       tidings.retention_holders() to keeper`,
  );
  expect((await maintainOutbox({ connection, retention: { days: 7 } })).dropped).toEqual([
    partition(10),
  ]);
});

test("another tool's publication of all tables does not keep anything from going", async () => {
  await database.query('create publication everything for all tables');
  await makeDay(10);
  await appendRow(client, { key: 'ten-days', appendedAt: noon(10) });
  for (const key of ['a', 'b', 'c']) await appendRow(client, { key, appendedAt: noon(20) });
  await publishAll();
  const report = await maintainOutbox({
    connection: database.url,
    retention: { days: 7 },
    daysAhead: 8,
    batchRows: 2,
  });
  expect(report).toEqual({
    made: [partition(-8)],
    dropped: [partition(10)],
    deletedRows: 3,
    postponed: [],
  });
  // A subscriber must be able to compare what tells the rows apart, and json it cannot.
  expect(
    await database.query(
      "select relreplident as identity from pg_class where oid = 'tidings.outbox_default'::regclass",
    ),
  ).toEqual([{ identity: 'i' }]);
  await appendRow(client, { key: 'later', appendedAt: noon(20) });
  await publishAll();
  expect((await maintain()).deletedRows).toBe(1);
});

test('ids that were given twice do not keep rows from going either', async () => {
  await database.query('create publication everything for all tables');
  await appendRow(client, { key: 'a', appendedAt: noon(20) });
  await appendRow(client, { key: 'b', appendedAt: noon(20) });
  await database.query('alter table tidings.outbox_default replica identity full');
  await database.query('update tidings.outbox_default set id = 1');
  await database.query('alter table tidings.outbox_default replica identity default');
  await publishAll();
  expect(await maintain()).toMatchObject({ deletedRows: 2, postponed: [] });
});

test('a failure that ends it early does not lose what was done', async () => {
  await makeDay(10);
  await publishAll();
  await appendRow(client, { key: 'a', appendedAt: noon(20) });
  await publishAll();
  await database.query(
    `create function refuse() returns trigger language plpgsql as
       $$ begin raise 'not allowed here'; end $$;
     create trigger refuse before delete on tidings.outbox_default
       for each row execute function refuse()`,
  );
  const failure = await maintain().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(MaintenanceError);
  expect(failure).toMatchObject({
    message:
      'maintenance ended early (not allowed here (P0001)); until then it had made no partition, ' +
      `dropped ${partition(10)} and deleted 0 rows`,
    report: { made: [], dropped: [partition(10)], deletedRows: 0, postponed: [] },
    cause: { code: 'P0001' },
  });
});

test('a server that cannot write for a while postpones everything', async () => {
  await makeDay(10);
  await publishAll();
  const connection = `${database.url}?options=-c%20default_transaction_read_only%3Don`;
  const report = await maintainOutbox({ connection, retention: { days: 7 } });
  expect(report).toMatchObject({ made: [], dropped: [], deletedRows: 0 });
  expect(report.postponed).toEqual([
    expect.stringMatching(/^the server is read-only \(cannot execute .*connect to the primary$/),
  ]);
  expect((await maintain()).dropped).toEqual([partition(10)]);
});

test('settings of the role are not what it goes by', async () => {
  await makeDay(10);
  await publishAll();
  await database.query(
    `create function public.to_char(date, text) returns text language sql as $$ select 'x' $$`,
  );
  const given = '-c statement_timeout=100 -c search_path=public -c DateStyle=German,DMY';
  const connection = `${database.url}?options=${encodeURIComponent(given)}`;
  const open = await connect();
  await open.query('begin; select from tidings.outbox');
  expect((await maintainOutbox({ connection, retention: { days: 7 } })).postponed).toEqual([
    `${partition(10)} is left for the next time: a transaction that runs holds the outbox`,
  ]);
  await open.query('commit');
  expect((await maintainOutbox({ connection, retention: { days: 7 } })).dropped).toEqual([
    partition(10),
  ]);
});

test('a database without outbox, and options that cannot work, are refused', async () => {
  expect(
    await refusal(maintainOutbox({ connection: cluster.url('postgres'), retention: { days: 1 } })),
  ).toContain('run `tidings outbox migrate` first');
  expect(await refusal(maintain(-1))).toContain('retention.days must be 0 to 36500, got -1');
  expect(await refusal(maintain(Number.NaN))).toContain('got NaN');
  const connection = database.url;
  expect(await refusal(maintainOutbox({ connection } as never))).toContain('got undefined');
  const options = { connection, retention: { days: 1 } };
  expect(await refusal(maintainOutbox({ ...options, daysAhead: 0 }))).toContain(
    'daysAhead must be a whole number from 1 to 366, got 0',
  );
  expect(await refusal(maintainOutbox({ ...options, batchRows: 0.5 }))).toContain(
    'batchRows must be a whole number from 1 to 100000, got 0.5',
  );
});

test('migrating twice makes nothing twice', async () => {
  const before = await partitions();
  await migrateOutbox({ connection: database.url });
  expect(await partitions()).toEqual(before);
});
