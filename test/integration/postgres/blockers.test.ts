import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeBlockers, type LockWait } from '../../../packages/postgres/src/blockers.ts';
import { postgresMajor } from '../../support/postgres-major.ts';

let cluster: PostgresCluster;
let databases = 0;
let database: string;
let observer: pg.Client;
let holder: pg.Client;
let waiter: pg.Client;
const clients: pg.Client[] = [];

beforeAll(async () => {
  cluster = await startPostgresCluster({ max_prepared_transactions: '4' }, postgresMajor());
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  databases += 1;
  database = `blocked_${databases}`;
  await cluster.createDatabase(database);
  observer = await connect('observer');
  holder = await connect('nightly report');
  waiter = await connect('waiter');
  await observer.query('create table stock (id integer primary key)');
});
afterEach(async () => {
  for (const each of clients.splice(0)) await each.end();
});

async function connect(application_name: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: cluster.url(database), application_name });
  await client.connect();
  clients.push(client);
  return client;
}

async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid as number;
}

/** Runs a statement that waits, and returns what is said of its wait; `end` ends it. */
async function waitOf(statement: string, end: () => Promise<unknown>): Promise<LockWait> {
  const pid = await pidOf(waiter);
  expect(await describeBlockers(observer, pid)).toBeUndefined();
  const waiting = waiter.query(statement);
  const failed = waiting.then(() => Promise.reject(new Error(`${statement} did not wait`)));
  const wait = await Promise.race([waitSeen(observer, pid), failed]);
  await end();
  await waiting;
  return wait;
}

async function waitSeen(client: pg.Client, pid: number): Promise<LockWait> {
  for (;;) {
    const wait = await describeBlockers(client, pid);
    if (wait !== undefined) return wait;
  }
}

test('a table lock names the table, and the session that holds it', async () => {
  await holder.query('begin; lock table stock');
  const pid = await pidOf(holder);
  const wait = await waitOf('alter table stock add note text', () => holder.query('commit'));
  expect(wait.on).toBe('a lock on public.stock');
  expect(wait.blockers).toEqual([
    expect.stringMatching(
      `^backend ${pid} \\(application "nightly report", user "postgres", database "${database}", ` +
        `idle in transaction, transaction begun \\d{4}-.*\\); ` +
        `end it with SELECT pg_terminate_backend\\(${pid}\\)$`,
    ),
  ]);
});

test('a prepared transaction is named by its gid, whatever is waited for', async () => {
  for (const statement of ['begin; lock table stock; commit', 'insert into stock values (1)']) {
    await holder.query("begin; insert into stock values (1); prepare transaction 'it''s \\ 1'");
    const wait = await waitOf(statement, () => holder.query("rollback prepared 'it''s \\ 1'"));
    expect(wait.on).toMatch(/^(a lock on public.stock|the end of transaction \d+)$/);
    expect(wait.blockers).toHaveLength(1);
    const run = /run (COMMIT PREPARED .*) or (ROLLBACK PREPARED .*) there$/.exec(
      wait.blockers[0] ?? '',
    );
    // What is advised can be pasted.
    await holder.query("begin; insert into stock values (2); prepare transaction 'it''s \\ 1'");
    await holder.query(run?.[2] ?? '');
    await observer.query('truncate stock');
  }
});

test('sessions and prepared transactions that block together are all named', async () => {
  await holder.query("begin; lock table stock in share mode; prepare transaction 'one'");
  await observer.query("begin; lock table stock in share mode; prepare transaction 'two'");
  await holder.query('begin; lock table stock in share mode');
  const wait = await waitOf('begin; lock table stock; commit', async () => {
    await holder.query('commit');
    await holder.query("commit prepared 'one'");
    await holder.query("commit prepared 'two'");
  });
  expect(wait.blockers).toEqual([
    expect.stringContaining('nightly report'),
    expect.stringContaining("prepared as 'one'"),
    expect.stringContaining("prepared as 'two'"),
  ]);
});

test('a role that may not see what others do names whom it can', async () => {
  await observer.query("create role plain login password 'plain'");
  await observer.query('create table plain_stock (id integer)');
  await observer.query('grant all on plain_stock to plain');
  const connectionString = cluster.url(database).replace('postgres:tidings@', 'plain:plain@');
  const plain = new pg.Client({ connectionString });
  await plain.connect();
  clients.push(plain);
  const looker = new pg.Client({ connectionString });
  await looker.connect();
  clients.push(looker);
  await holder.query('begin; lock table plain_stock');
  const pid = await pidOf(plain);
  const waiting = plain.query('select from plain_stock');
  const wait = await waitSeen(looker, pid);
  await holder.query('commit');
  await waiting;
  expect(wait.blockers).toEqual([
    expect.stringMatching(
      /^backend \d+ \(application "nightly report", .*or GRANT pg_read_all_stats to this role/,
    ),
  ]);
  await observer.query('drop table plain_stock; drop role plain');
});
