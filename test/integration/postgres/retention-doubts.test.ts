import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { maintainOutbox, walSource } from '@tidings/postgres';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { appendRow } from '../../support/append-row.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readSource } from '../../support/read-source.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
let client: pg.Client;

beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
});
afterAll(() => cluster.stop());

const DAY = '2026-01-05';

/** A day of long ago with one row that was published and one that was not. */
beforeEach(async () => {
  database = await createOrdersDatabase(cluster);
  client = new pg.Client(database.url);
  await client.connect();
  await client.query('select tidings.make_partition($1)', [DAY]);
  const reading = readSource(
    walSource({ connection: database.url, slot: database.slot, heartbeatIntervalMs: 20 }),
  );
  reading.confirmAlways();
  await appendRow(client, { key: 'published', appendedAt: `${DAY}T12:00:00Z` });
  await reading.until(() => reading.changes.length === 1);
  for (;;) {
    const [row] = await database.query(
      `select pg_visible_in_snapshot(transaction_id, bookmark)
              and bookmark_lsn <= confirmed_flush_lsn as covered
       from tidings.outbox, tidings.checkpoint join pg_replication_slots on slot_name = name`,
    );
    if (row?.covered === true) break;
  }
  await reading.kill();
});
afterEach(async () => {
  await client.end();
  await database.close();
});

/** What is kept, and why. */
async function maintain(): Promise<{ rows: unknown[]; reasons: readonly string[] }> {
  const report = await maintainOutbox({ connection: database.url, retention: { days: 0 } });
  const rows = await database.query('select event_id from tidings.outbox order by id');
  return { rows: rows.map((row) => row.event_id), reasons: report.postponed };
}

test('what a slot has confirmed goes', async () => {
  expect(await maintain()).toEqual({ rows: [], reasons: [] });
});

test.each([
  [
    'claims transactions of the future',
    `bookmark = '1:99999999999:'`,
    'has a checkpoint that is ahead of what has happened',
  ],
  [
    'is ahead of its own checkpoint',
    `bookmark = pg_current_snapshot(), bookmark_lsn = acknowledged_lsn + 1`,
    'has a checkpoint that is ahead of what has happened',
  ],
  [
    'was not confirmed by the slot',
    `bookmark = pg_current_snapshot(), bookmark_lsn = pg_current_wal_insert_lsn(),
     acknowledged_lsn = pg_current_wal_insert_lsn()`,
    'has a checkpoint that its slot has not confirmed',
  ],
  [
    'is of another cluster',
    `bookmark = pg_current_snapshot(), system_identifier = '1'`,
    'has a checkpoint of another database cluster',
  ],
])('a bookmark that %s keeps everything, and the report says why', async (_, forged, doubt) => {
  await appendRow(client, { key: 'owed', appendedAt: `${DAY}T13:00:00Z` });
  await appendRow(client, { key: 'owed-too', appendedAt: '2026-01-04T13:00:00Z' });
  await database.query(`update tidings.checkpoint set ${forged}`);
  expect(await maintain()).toEqual({
    rows: ['published', 'owed', 'owed-too'],
    reasons: [
      expect.stringMatching(new RegExp(`^1 day is kept: relay "${database.slot}" ${doubt}; start`)),
    ],
  });
});

test('a slot that is gone keeps everything until its relay has recovered it', async () => {
  await database.query('select pg_drop_replication_slot($1)', [database.slot]);
  expect(await maintain()).toMatchObject({
    rows: ['published'],
    reasons: [expect.stringContaining('has no slot any more')],
  });
});
