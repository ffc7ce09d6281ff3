import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import {
  captureTable,
  type MigrateOptions,
  migrateOutbox,
  setUpDebeziumOutbox,
  setUpTableCapture,
} from '@tidings/postgres';
import { type Logger, silentLogger } from '@tidings/relay';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { applyMigration, findMissing } from '../../../packages/postgres/src/apply-migrations.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { createShopDatabase, type ShopDatabase } from '../../support/shop-database.ts';

let cluster: PostgresCluster;
const databases: ShopDatabase[] = [];

beforeAll(async () => {
  cluster = await startPostgresCluster({ max_prepared_transactions: '4' }, postgresMajor());
});
afterAll(async () => {
  for (const each of databases) await each.close();
  await cluster.stop();
});

async function createDatabase(): Promise<ShopDatabase> {
  const database = await createShopDatabase(cluster);
  databases.push(database);
  return database;
}

/** A connection that a person would recognise in a sentence. */
async function connectAs(database: ShopDatabase, application: string): Promise<pg.Client> {
  const client = await database.connect();
  await client.query("select set_config('application_name', $1, false)", [application]);
  return client;
}

/** A logger, and the first of its warnings that holds a text. */
function listen(): { logger: Logger; heard(text: string): Promise<string> } {
  const said: string[] = [];
  let wake = (): void => {};
  return {
    logger: {
      ...silentLogger,
      warn(_, message) {
        said.push(message);
        wake();
      },
    },
    async heard(text) {
      for (;;) {
        const found = said.find((each) => each.includes(text));
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** Set-up's sessions that the server still has, and slots of this database. */
async function leftBehind(database: ShopDatabase): Promise<readonly unknown[]> {
  return database.query(
    `select pid::text as left from pg_stat_activity
     where datname = current_database() and application_name = 'tidings set-up'
     union all
     select slot_name from pg_replication_slots where database = current_database()`,
  );
}

/** Waits for a word about a wait, then aborts: nothing is left, and the reason comes back. */
async function hearAndAbort(
  database: ShopDatabase,
  text: string,
  setUp: (control: Pick<MigrateOptions, 'logger' | 'signal'>) => Promise<unknown>,
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<string> {
  const { logger, heard } = listen();
  const controller = new AbortController();
  const settingUp = setUp({ logger, signal: controller.signal });
  const early = settingUp.then(() => Promise.reject(new Error('it did not wait')));
  const message = await Promise.race([heard(text), early]);
  await meanwhile();
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(settingUp).rejects.toBe(reason);
  // A backend ends a moment after its client.
  while ((await leftBehind(database)).length > 0);
  return message;
}

describe.concurrent('a set-up that has to wait says for whom, and can be ended:', () => {
  test('an upgrade behind a session that reads the outbox; writers go on meanwhile', async ({
    expect,
  }) => {
    const database = await createDatabase();
    const client = await connectAs(database, 'setting up by hand');
    for (const step of await findMissing(client)) {
      if (step.version < 3) await applyMigration(client, step);
    }
    const reader = await connectAs(database, 'nightly report');
    await reader.query('begin; select from tidings.outbox');
    const writer = await connectAs(database, 'shop');
    const message = await hearAndAbort(
      database,
      'nightly report',
      (control) => migrateOutbox({ connection: database.url, ...control }),
      // While it waits, others get their locks.
      () =>
        writer.query(
          "select tidings.append('com.acme.orders', 'OrderPlaced', '{}', 'order-1-placed')",
        ),
    );
    expect(message).toMatch(
      /^migration 3 has waited \d+ s, now for a lock on tidings\.\w+, held by backend \d+ \(application "nightly report", user "postgres", database "\w+", idle in transaction, transaction begun .*\); end it with SELECT pg_terminate_backend\(\d+\)$/,
    );
    await reader.query('commit');
    await migrateOutbox({ connection: database.url });
  });

  test('a first migration behind another set-up', async ({ expect }) => {
    const database = await createDatabase();
    const other = await connectAs(database, 'another set-up');
    // As earlier versions held it, for the session.
    await other.query('select pg_advisory_lock(7241950301117000)');
    const message = await hearAndAbort(database, 'another set-up', (control) =>
      migrateOutbox({ connection: database.url, ...control }),
    );
    expect(message).toMatch(
      /^publication "tidings" has waited \d+ s, now for another set-up of this database, held by backend \d+ \(application "another set-up"/,
    );
    await other.query('select pg_advisory_unlock_all()');
    expect((await migrateOutbox({ connection: database.url })).applied).not.toEqual([]);
  });

  test('tables of the business behind a lock on one of them', async ({ expect }) => {
    const database = await createDatabase();
    await database.query('create table stock (id integer primary key)');
    const holder = await connectAs(database, 'vacuum by hand');
    await holder.query('begin; lock table stock in share update exclusive mode');
    const tables = [captureTable({ table: 'stock', schema: z.object({}), insert: () => [] })];
    const message = await hearAndAbort(database, 'vacuum by hand', (control) =>
      setUpTableCapture({ connection: database.url, slot: database.slot, tables, ...control }),
    );
    expect(message).toContain('publication "tidings_tables" has waited');
    expect(message).toContain('a lock on public.stock');
    await holder.query('commit');
  });

  test('a slot behind a prepared transaction, whose name can be pasted', async ({ expect }) => {
    const database = await createDatabase();
    await database.query('create table outbox (id integer primary key)');
    const client = await connectAs(database, 'shop');
    await client.query("begin; insert into outbox values (1); prepare transaction 'it''s late'");
    const message = await hearAndAbort(database, 'prepared', (control) =>
      setUpDebeziumOutbox({
        connection: database.url,
        slot: database.slot,
        table: 'public.outbox',
        ...control,
      }),
    );
    expect(message).toMatch(/^slot "\w+" has waited \d+ s, now for the end of transaction \d+, /);
    const rollback = /ROLLBACK PREPARED '.*'(?= there)/.exec(message)?.[0];
    await client.query(rollback as string);
  });
});

describe('the command behind an open transaction', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ] as const)('%s leaves no backend that waits, and no slot', async (signal, code) => {
    const database = await createDatabase();
    const open = await connectAs(database, 'import of last year');
    await open.query('begin; select pg_current_xact_id()');
    const command = spawn(
      process.execPath,
      ['packages/cli/dist/main.js', 'outbox', 'migrate', '--slot', database.slot],
      { env: { ...process.env, DATABASE_URL: database.url }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    command.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    for (;;) {
      const waits = await database.query(
        `select from pg_stat_activity
         where datname = current_database() and application_name = 'tidings set-up'
           and wait_event = 'transactionid'`,
      );
      if (waits.length > 0) break;
    }
    if (signal === 'SIGINT') {
      while (!output.includes('import of last year')) await once(command.stderr, 'data');
      expect(output).toMatch(
        /^tidings: slot "\w+" has waited \d+ s, now for the end of transaction/,
      );
    }
    command.kill(signal);
    expect((await once(command, 'exit'))[0]).toBe(code);
    if (signal !== 'SIGKILL') expect(output).toMatch(/tidings: interrupted; [^\n]+\n$/);
    // The server notices by itself that the client is gone, while it waits.
    while ((await leftBehind(database)).length > 0);
    await open.query('commit');
  });
});

test('a set-up that fails behind the making of its slot takes the slot away again', async () => {
  const database = await createDatabase();
  await database.query("create role plain login replication password 'plain'");
  await database.query('grant create on schema public to plain');
  await database.query("create publication tidings with (publish = 'insert')");
  const connection = database.url.replace('postgres:tidings@', 'plain:plain@');
  await expect(migrateOutbox({ connection, slot: database.slot })).rejects.toMatchObject({
    name: 'ConfigurationError',
    message: expect.stringMatching(/^permission denied for .*; grant what is missing/),
  });
  expect(await leftBehind(database)).toEqual([]);
  await database.query('drop owned by plain; drop role plain');
});

test('settings that allow no slot are named at once, with statements that can be run', async () => {
  const small = await startPostgresCluster(
    { wal_level: 'replica', max_replication_slots: '0' },
    postgresMajor(),
  );
  const connection = small.url('postgres');
  const message = await migrateOutbox({ connection, slot: 'orders' }).catch(
    (error: Error) => error.message,
  );
  expect(message).toMatch(
    /^cannot create slot "orders": wal_level is replica, max_replication_slots is 0; run /,
  );
  const client = new pg.Client(connection);
  await client.connect();
  const statements = /run (.*), and restart the server$/.exec(message as string)?.[1] ?? '';
  expect(statements.split('; ')).toHaveLength(2);
  for (const statement of statements.split('; ')) await client.query(statement);
  const { rows } = await client.query("select to_regclass('tidings.outbox') as outbox");
  expect(rows).toEqual([{ outbox: null }]);
  await client.end();
  await small.stop();
});

test('options that do not exist are refused', async () => {
  await expect(migrateOutbox({ connection: 'x', slott: 'y' } as never)).rejects.toThrow(
    'migrateOutbox has no option "slott"; did you mean slot?',
  );
  await expect(setUpDebeziumOutbox({ connection: 'x', tabel: 'y' } as never)).rejects.toThrow(
    'did you mean table?',
  );
  await expect(setUpTableCapture({ connection: 'x', tabels: [] } as never)).rejects.toThrow(
    'did you mean tables?',
  );
});
