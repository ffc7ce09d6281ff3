import { OrderPlaced } from '@tidings/example-orders/order-placed';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { maintainOutbox, migrateOutbox } from '@tidings/postgres';
import { postgresOutbox } from '@tidings/postgres/outbox';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { applyMigration, findMissing } from '../../../packages/postgres/src/apply-migrations.ts';
import { migrations } from '../../../packages/postgres/src/migrations/index.ts';
import { postgresMajor } from '../../support/postgres-major.ts';

let cluster: PostgresCluster;
let databases = 0;
let name: string;
let sql: pg.Client;
beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  databases += 1;
  name = `migrated_${databases}`;
  await cluster.createDatabase(name);
  sql = new pg.Client({ connectionString: cluster.url(name) });
  await sql.connect();
});
afterEach(async () => {
  await sql.query(
    'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1',
    [name],
  );
  await sql.end();
});

const migrate = (): ReturnType<typeof migrateOutbox> =>
  migrateOutbox({ connection: cluster.url(name), slot: name });
const versions = migrations.map(({ version }) => version);

/** A database as an older release left it: its versions, up to this one. */
async function migrateTo(version: number): Promise<void> {
  for (const step of await findMissing(sql)) {
    if (step.version <= version) await applyMigration(sql, step);
  }
  await sql.query(`create publication tidings for table tidings.outbox
                   with (publish = 'insert', publish_via_partition_root = true)`);
}

test('versions count up from 1 without a gap', () => {
  expect(versions).toEqual(versions.map((_, index) => index + 1));
});

test('eight at once: each step is applied once, and all of them succeed', async () => {
  const reports = await Promise.all(Array.from({ length: 8 }, migrate));
  expect(reports.filter(({ applied }) => applied.length > 0)).toEqual([
    { applied: versions, slotCreated: true },
  ]);
  const { rows } = await sql.query('select version from tidings.migration order by version');
  expect(rows.map((row) => row.version)).toEqual(versions);
  expect(await migrate()).toEqual({ applied: [], slotCreated: false });
  const { rowCount } = await sql.query(
    `select from pg_publication_tables where pubname = 'tidings' and tablename = 'outbox'`,
  );
  expect(rowCount).toBe(1);
});

test('rows of version 1 stay as they are, also those that are refused today', async () => {
  await migrateTo(1);
  const insert = `insert into tidings.outbox
    (event_id, source, detail_type, detail, occurred_at, idempotency_key)
    values ('an id', 'com.acme.orders', 'Order/Placed', '{"metadata":{},"data":1}', now(), 'a key')`;
  await sql.query(insert);
  const before = await sql.query('select id, ctid, xmin, detail::text from tidings.outbox');
  expect((await migrate()).applied).toEqual(versions.slice(1));
  const after = await sql.query('select id, ctid, xmin, detail::text from tidings.outbox');
  expect(after.rows).toEqual(before.rows);
  await expect(sql.query(insert)).rejects.toMatchObject({ code: '23514' });
  await postgresOutbox().append(
    sql,
    OrderPlaced.create({ orderId: '1', totalCents: 1, currency: 'USD' }),
  );
});

test('who could append or maintain before an upgrade can afterwards', async () => {
  await migrateTo(6);
  await sql.query(
    `create role "old writer" login password 'w';
     create role "old keeper" login password 'k';
     grant usage on schema tidings to "old writer", "old keeper";
     grant insert (event_id, source, detail_type, detail, occurred_at, resources,
       idempotency_key, ordering_key, trace_header) on tidings.outbox to "old writer";
     grant usage on sequence tidings.outbox_id to "old writer";
     grant execute on function tidings.make_partition(date),
       tidings.drop_partition(date, timestamptz), tidings.delete_published(timestamptz, integer),
       tidings.retention_holders() to "old keeper"`,
  );
  await migrate();
  const as = (role: string): string => cluster.url(name).replace('postgres:tidings', role);
  const writer = new pg.Client({ connectionString: as('old%20writer:w') });
  await writer.connect();
  await writer.query("select tidings.append('com.acme.orders', 'OrderPlaced', '{}', 'order-1')");
  await writer.end();
  const report = await maintainOutbox({
    connection: as('old%20keeper:k'),
    retention: { days: 0 },
    daysAhead: 8,
  });
  expect(report.made).toHaveLength(1);
  await sql.query('drop owned by "old writer", "old keeper"; drop role "old writer", "old keeper"');
});

test('an upgrade waits for a transaction that writes, and lets other writers in between', async () => {
  await migrateTo(1);
  const append = (client: pg.Client, orderId: string): Promise<void> =>
    postgresOutbox().append(
      client,
      OrderPlaced.create({ orderId, totalCents: 1, currency: 'USD' }),
    );
  await sql.query('begin');
  await append(sql, '1');
  // Without a slot, whose creation would wait for the transaction's end.
  const migrating = migrateOutbox({ connection: cluster.url(name) });
  const other = new pg.Client({ connectionString: cluster.url(name) });
  await other.connect();
  // The upgrade waits for its lock by now, and gives up waiting so that others get theirs.
  await waitingForLock(other);
  await append(other, '2');
  await sql.query('commit');
  expect((await migrating).applied).toEqual(versions.slice(1));
  await append(other, '3');
  await other.end();
  const { rows } = await sql.query('select ordering_key from tidings.outbox order by id');
  expect(rows.map((row) => row.ordering_key)).toEqual(['1', '2', '3']);
});

test('nobody sees the tables before they are whole, and the first row is in the stream', async () => {
  // Holds the migration where the table is made and its functions are not.
  await sql.query(`
    create function hold() returns event_trigger language plpgsql as
      'begin perform pg_advisory_xact_lock(1); end';
    create event trigger hold on ddl_command_start when tag in ('CREATE FUNCTION')
      execute function public.hold();
    select pg_advisory_lock(1)`);
  const migrating = migrate();
  for (;;) {
    const { rowCount } = await sql.query(
      "select from pg_locks where locktype = 'advisory' and objid = 1 and not granted",
    );
    if (rowCount !== 0) break;
  }
  const { rows } = await sql.query("select to_regclass('tidings.outbox') as outbox");
  expect(rows).toEqual([{ outbox: null }]);
  await sql.query('select pg_advisory_unlock(1)');
  await migrating;
  await postgresOutbox().append(
    sql,
    OrderPlaced.create({ orderId: '1', totalCents: 1, currency: 'USD' }),
  );
  const { rowCount } = await sql.query(
    `select from pg_logical_slot_peek_binary_changes($1, null, null,
       'proto_version', '1', 'publication_names', 'tidings')
     where get_byte(data, 0) = ascii('I')`,
    [name],
  );
  expect(rowCount).toBe(1);
});

test('a run that ended right behind the making of the slot is completed by the next', async () => {
  await migrate();
  await sql.query('delete from tidings.checkpoint');
  await Promise.all([migrate(), migrate()]);
  const { rows } = await sql.query(
    `select acknowledged_lsn = confirmed_flush_lsn as same, bookmark
     from tidings.checkpoint join pg_replication_slots on slot_name = name`,
  );
  // Without a bookmark: a repair reads the whole table.
  expect(rows).toEqual([{ same: true, bookmark: null }]);
});

/** Resolves when a backend of this database waits for a table's lock. */
async function waitingForLock(client: pg.Client): Promise<void> {
  for (;;) {
    const { rowCount } = await client.query(
      `select from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and wait_event = 'relation'`,
    );
    if (rowCount !== 0) return;
  }
}
