import { spawnSync } from 'node:child_process';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import {
  adoptOutbox,
  maintainOutbox,
  migrateOutbox,
  type OutboxRow,
  pollSource,
  replayOutbox,
  walSource,
} from '@tidings/postgres';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { appendRow } from '../../support/append-row.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readSource, type SourceReading } from '../../support/read-source.ts';
import { refusal } from '../../support/refusal.ts';

let from: PostgresCluster;
let to: PostgresCluster;
let source: pg.Client;
let target: pg.Client;
let url: string;
let databases = 0;
const readings: SourceReading<OutboxRow>[] = [];

beforeAll(async () => {
  from = await startPostgresCluster({}, postgresMajor());
  to = await startPostgresCluster({}, postgresMajor());
});
afterAll(async () => {
  await from.stop();
  await to.stop();
});

async function connect(cluster: PostgresCluster, name: string): Promise<pg.Client> {
  await cluster.createDatabase(name);
  const client = new pg.Client(cluster.url(name));
  await client.connect();
  return client;
}

const day = (n: number): string => `2026-06-0${n}T00:00:00Z`;

/** Four rows in one cluster, of far younger transactions than the other ever had. */
beforeEach(async () => {
  databases += 1;
  const name = `shop_${databases}`;
  source = await connect(from, name);
  target = await connect(to, name);
  url = to.url(name);
  await migrateOutbox({ connection: from.url(name) });
  await source.query(
    'do $$ begin for i in 1..3000 loop perform pg_current_xact_id(); commit; end loop; end $$',
  );
  for (const n of [1, 2, 3, 4]) {
    await appendRow(source, { key: `k${n}`, orderingKey: 'k', appendedAt: day(n) });
  }
  await source.query(
    `insert into tidings.checkpoint (name, system_identifier, timeline, acknowledged_lsn, bookmark,
       bookmark_lsn, bookmark_at)
     select name, system_identifier::text, 1, acknowledged, pg_current_snapshot(), '0/1', now()
     from pg_control_system(), (values ('polled', null), ('streamed', '0/1'::pg_lsn))
       as given (name, acknowledged)`,
  );
});
afterEach(async () => {
  for (const reading of readings.splice(0)) await reading.kill();
  await target.query(
    `select pg_drop_replication_slot(slot_name) from pg_replication_slots
     where database = current_database() and not active`,
  );
  await source.end();
  await target.end();
});

/** Copies the outbox and its checkpoints as a restore does: the rows, with what is in them. */
async function restore(): Promise<void> {
  await migrateOutbox({ connection: url });
  for (const table of ['outbox', 'checkpoint']) {
    const { rows } = await source.query(`select * from tidings.${table}`);
    await target.query(
      `insert into tidings.${table} select * from json_populate_recordset(null::tidings.${table}, $1)`,
      [JSON.stringify(rows.map((row) => (row.detail ? { ...row, id: Number(row.id) } : row)))],
    );
  }
  await target.query(`select setval('tidings.outbox_id', 100)`);
}

function read(name: string): SourceReading<OutboxRow> {
  const connection = url;
  const reading = readSource(
    name === 'streamed'
      ? walSource({ connection, slot: name })
      : pollSource({ connection, name, minIntervalMs: 1, maxIntervalMs: 50 }),
  );
  readings.push(reading);
  return reading;
}

const keysOf = (reading: SourceReading<OutboxRow>): string[] =>
  reading.changes.map((row) => row.idempotencyKey);

test('restored rows are refused until somebody says which of them are owed', async () => {
  await restore();
  const poller = pollSource({ connection: url, name: 'polled' });
  expect(await refusal(poller.verify())).toContain('run `tidings outbox adopt`');
  await poller.close();
  const fresh = pollSource({ connection: url, name: 'fresh' });
  expect(await refusal(fresh.verify())).toContain(
    'tidings.outbox holds rows of transactions that this database cluster has not had',
  );
  await fresh.close();
  const streamed = walSource({ connection: url, slot: 'streamed' });
  expect(await refusal(streamed.verify())).toContain('run `tidings outbox adopt`');
  await streamed.close();
});

test('a dry run counts and changes nothing', async () => {
  await restore();
  const rows = 'select id, transaction_id::text from tidings.outbox order by id';
  const before = await target.query(rows);
  const published = { before: new Date(day(3)) };
  expect(await adoptOutbox({ connection: url, published, dryRun: true })).toEqual({
    published: 2,
    owed: 2,
    readers: ['polled', 'streamed'],
  });
  expect((await target.query(rows)).rows).toEqual(before.rows);
});

test('after adopting, polling publishes what is owed, once, and retention removes the rest', async () => {
  await restore();
  await appendRow(target, { key: 'here', orderingKey: 'k' });
  const published = { throughId: 2n };
  expect(await adoptOutbox({ connection: url, published })).toMatchObject({
    published: 2,
    owed: 3,
  });
  const first = read('polled');
  await first.until(() => first.changes.length === 3);
  expect(keysOf(first)).toEqual(['k3', 'k4', 'here']);
  await first.confirm();
  await first.kill();
  await target.query(`delete from tidings.checkpoint where name = 'streamed'`);
  await appendRow(target, { key: 'later', orderingKey: 'k' });
  const second = read('polled');
  await second.until(() => second.changes.length === 1);
  expect(keysOf(second)).toEqual(['later']);
  expect(await maintainOutbox({ connection: url, retention: { days: 1 } })).toMatchObject({
    deletedRows: 4,
  });
});

test('after adopting, a slot is repaired with what is owed, in order, and streams on', async () => {
  await restore();
  await adoptOutbox({ connection: url, published: { before: new Date(day(2)) } });
  const reading = read('streamed');
  await reading.until(() => reading.changes.length === 3);
  expect(keysOf(reading)).toEqual(['k2', 'k3', 'k4']);
  await appendRow(target, { key: 'streamed', orderingKey: 'k' });
  await reading.until(() => reading.changes.length === 4);
  expect(keysOf(reading).at(-1)).toBe('streamed');
});

test("another tool's publication of all tables stands in nobody's way, nor does a time-out", async () => {
  await restore();
  await target.query('create publication everything for all tables');
  const connection = `${url}?options=${encodeURIComponent('-c statement_timeout=300')}`;
  // Row by row, it takes longer than the role's statements may.
  await target.query(
    `create function slow() returns trigger language plpgsql as
       $$ begin perform pg_catalog.pg_sleep(0.1); return new; end $$;
     create trigger slow before update on tidings.outbox for each row execute function slow()`,
  );
  expect(await adoptOutbox({ connection, published: { throughId: 2n } })).toMatchObject({
    published: 2,
    owed: 2,
  });
  const { rows } = await target.query(
    `select relname from pg_class
     where relname ~ '^outbox_.*_identity$' or (relname ~ '^outbox_' and relreplident = 'i')`,
  );
  expect(rows).toEqual([]);
  const replayed: string[] = [];
  const publisher = {
    publishSettled: async (events: readonly { readonly eventId: string }[]) => {
      replayed.push(...events.map(({ eventId }) => eventId));
      return events.map(({ eventId }) => ({ status: 'accepted', eventId }));
    },
  } as never;
  const events = { orderingKey: 'k' };
  expect(
    await replayOutbox({ connection: url, publisher, name: 'after the restore', events }),
  ).toMatchObject({ accepted: 4 });
  expect(replayed).toEqual(['k1', 'k2', 'k3', 'k4']);
});

test('an interrupted run is run again: nothing that it did changes', async () => {
  await restore();
  const published = { throughId: 3n };
  await adoptOutbox({ connection: url, published });
  // As if it had ended before the checkpoints.
  await target.query(`update tidings.checkpoint set system_identifier = '1'`);
  expect(await adoptOutbox({ connection: url, published })).toMatchObject({
    published: 3,
    owed: 1,
  });
  const reading = read('polled');
  await reading.until(() => reading.changes.length === 1);
  expect(keysOf(reading)).toEqual(['k4']);
});

test('an outbox of this cluster, one without readers and an unclear choice are refused', async () => {
  await restore();
  expect(await refusal(adoptOutbox({ connection: url, published: {} as never }))).toContain(
    "published must be 'all', 'none', { before: Date } or { throughId: bigint }",
  );
  await adoptOutbox({ connection: url, published: 'all' });
  expect(await refusal(adoptOutbox({ connection: url, published: 'none' }))).toContain(
    'there is nothing to adopt',
  );
  await target.query('delete from tidings.checkpoint');
  expect(await refusal(adoptOutbox({ connection: url, published: 'all' }))).toContain(
    'tidings.checkpoint knows no reader',
  );
  expect(await adoptOutbox({ connection: url, published: 'all', poller: 'named' })).toMatchObject({
    readers: ['named'],
  });
});

test('the command counts, adopts and says what is missing', async () => {
  await restore();
  const run = (...given: string[]): string => {
    const command = ['packages/cli/dist/main.js', 'outbox', 'adopt', '--connection', url, ...given];
    const { stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
    return stdout + stderr;
  };
  expect(run()).toContain('say which rows count as published: one of --all-published');
  expect(run('--all-owed', '--published-before', 'x')).toContain('must be a time such as');
  expect(run('--all-owed', '--dry-run')).toBe(
    'would be adopted (nothing was changed): 0 published, 4 owed; read by polled, streamed\n',
  );
  expect(run('--published-through', '4')).toBe(
    'adopted: 4 published, 0 owed; read by polled, streamed\n',
  );
});
