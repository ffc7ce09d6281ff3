import { OrderPlaced } from '@tidings/example-orders/order-placed';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import {
  captureTable,
  maintainOutbox,
  migrateOutbox,
  pollSource,
  postgresDeadLetters,
  replayOutbox,
  setUpTableCapture,
  walSource,
} from '@tidings/postgres';
import { postgresOutbox } from '@tidings/postgres/outbox';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { describeWithPgBouncer, type PgBouncer, startPgBouncer } from '../../support/pgbouncer.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readSource } from '../../support/read-source.ts';
import { refusal } from '../../support/refusal.ts';

describeWithPgBouncer('behind PgBouncer', () => {
  let cluster: PostgresCluster;
  let databases = 0;
  let database: string;
  let direct: pg.Client;

  beforeAll(async () => {
    cluster = await startPostgresCluster({}, postgresMajor());
  });
  afterAll(() => cluster?.stop());
  beforeEach(async () => {
    databases += 1;
    database = `pooled_${databases}`;
    await cluster.createDatabase(database);
    direct = new pg.Client(cluster.url(database));
    await direct.connect();
  });
  afterEach(async () => {
    await direct.query(
      `select pg_drop_replication_slot(slot_name) from pg_replication_slots
       where database = current_database() and not active`,
    );
    await direct.end();
  });

  /** Fails if sessions of the pool keep anything that the next client would meet. */
  async function expectCleanPool(pooled: string): Promise<void> {
    const { rows } = await direct.query(
      `select locktype, classid, objid from pg_locks join pg_stat_activity using (pid)
       where datname = current_database() and locktype = 'advisory'`,
    );
    expect(rows).toEqual([]);
    const client = new pg.Client(pooled);
    await client.connect();
    // The servers of the pool take turns, and there are at most five.
    for (let turn = 0; turn < 10; turn++) {
      const seen = await client.query(
        `select name, setting from pg_settings
         where source = 'session' and name not in ('client_encoding', 'application_name')
         union all select 'listens', pg_listening_channels()
         union all select 'cursor', name from pg_cursors where is_holdable`,
      );
      expect(seen.rows).toEqual([]);
    }
    await client.end();
  }

  describe.each([
    { poolSize: 1, roundRobin: false },
    { poolSize: 5, roundRobin: true },
  ])('in transaction mode, $poolSize servers, round robin $roundRobin:', (options) => {
    let pooler: PgBouncer;
    let pooled: string;

    beforeAll(async () => {
      pooler = await startPgBouncer(cluster.port, options);
    });
    afterAll(() => pooler?.stop());
    beforeEach(async () => {
      pooled = pooler.url(database);
      // All servers of the pool are there, and idle.
      const clients = Array.from({ length: options.poolSize }, () => new pg.Client(pooled));
      for (const each of clients) await each.connect();
      await Promise.all(clients.map((each) => each.query('begin')));
      for (const each of clients) await each.query('commit');
      for (const each of clients) await each.end();
    });

    test('set-up and maintenance work, and leave nothing in the pool', async () => {
      const report = await migrateOutbox({ connection: pooled, slot: database });
      expect(report.slotCreated).toBe(true);
      const again = await Promise.all([
        migrateOutbox({ connection: pooled }),
        migrateOutbox({ connection: cluster.url(database) }),
      ]);
      expect(again.map(({ applied }) => applied)).toEqual([[], []]);
      const retention = { days: 1 };
      const maintained = await Promise.all([
        maintainOutbox({ connection: pooled, retention, daysAhead: 9 }),
        maintainOutbox({ connection: cluster.url(database), retention, daysAhead: 9 }),
      ]);
      expect(maintained.flatMap(({ made }) => made)).toHaveLength(2);
      expect(maintained.flatMap(({ postponed }) => postponed)).toEqual([]);
      await expectCleanPool(pooled);
    });

    test('appending and dead letters work', async () => {
      await migrateOutbox({ connection: pooled });
      const client = new pg.Client(pooled);
      await client.connect();
      const event = OrderPlaced.create({ orderId: '1', totalCents: 1, currency: 'USD' });
      await client.query('begin');
      await postgresOutbox().append(client, event);
      await client.query('commit');
      await client.end();
      const letters = postgresDeadLetters({ connection: pooled });
      await letters.park([{ source: 'a test', event, code: 'No', reason: 'none' } as never]);
      expect(await letters.list()).toHaveLength(1);
      await letters.close();
      await expectCleanPool(pooled);
    });

    test('what needs a session of its own is refused before anything is read', async () => {
      await migrateOutbox({ connection: pooled, slot: database });
      const sentence = new RegExp(
        'needs a session of its own, and at 127.0.0.1:\\d+/pooled_\\d+ is a pooler that lends one ' +
          'for a transaction at a time; connect to the server itself, or to a pool in session mode$',
      );
      const poll = pollSource({ connection: pooled, name: 'orders' });
      expect(await refusal(poll.verify())).toMatch(/^ConfigurationError: poller "orders" needs/);
      const reading = readSource(pollSource({ connection: pooled, name: 'orders' }));
      expect(await refusal(reading.until(() => false))).toMatch(sentence);
      const wal = walSource({ connection: pooled, slot: database });
      expect(await refusal(wal.verify())).toMatch(sentence);
      await wal.close();
      const streaming = readSource(walSource({ connection: pooled, slot: database }));
      expect(await refusal(streaming.until(() => false))).toMatch(sentence);
      const publisher = { publishSettled: () => Promise.resolve([]) } as never;
      const events = { orderingKey: '1' };
      expect(
        await refusal(replayOutbox({ connection: pooled, name: 'again', events, publisher })),
      ).toMatch(sentence);
      await expectCleanPool(pooled);
    });
  });

  describe('in session mode,', () => {
    test('a poller polls', async () => {
      const pooler = await startPgBouncer(cluster.port, { poolMode: 'session', poolSize: 3 });
      await migrateOutbox({ connection: pooler.url(database) });
      await postgresOutbox().append(
        direct,
        OrderPlaced.create({ orderId: '1', totalCents: 1, currency: 'USD' }),
      );
      const source = pollSource({ connection: pooler.url(database), name: 'orders' });
      await source.verify();
      const reading = readSource(source);
      await reading.until(() => reading.changes.length === 1);
      await reading.confirm();
      await reading.kill();
      await pooler.stop();
    });
  });

  test('a replication stream is refused by what the pooler answers, in one sentence', async () => {
    const pooler = await startPgBouncer(cluster.port, { poolMode: 'session' });
    await migrateOutbox({ connection: cluster.url(database), slot: database });
    const wal = walSource({ connection: pooler.url(database), slot: database });
    expect(await refusal(wal.verify())).toMatch(
      /^ConfigurationError: unsupported startup parameter: \w+; a pooler that stands before the server/,
    );
    await wal.close();
    await pooler.stop();
  });

  test('business tables are set up through a pool of one server', async () => {
    const pooler = await startPgBouncer(cluster.port, { poolSize: 1 });
    await direct.query('create table stock (id integer primary key)');
    const tables = [captureTable({ table: 'stock', schema: z.object({}), insert: () => [] })];
    const connection = pooler.url(database);
    expect(await setUpTableCapture({ connection, slot: database, tables })).toMatchObject({
      slotCreated: true,
    });
    await expectCleanPool(connection);
    await pooler.stop();
  });
});
