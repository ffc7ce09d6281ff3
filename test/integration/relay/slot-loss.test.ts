import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { startRelayProcess } from '@tidings/example-orders/relay-process';
import type { LocalBus } from '@tidings/local';
import { migrateOutbox, outboxRoles } from '@tidings/postgres';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { appendRow } from '../../support/append-row.ts';
import { everyKey, expectAllOrders } from '../../support/expect-all-orders.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { type RunningRelay, runRelay, startOrdersBus } from '../../support/running-relay.ts';
import { openTcpLink } from '../../support/tcp-link.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
let bus: LocalBus;
const relays: RunningRelay[] = [];

beforeAll(async () => {
  // Small, so that a slot can be lost without writing gigabytes.
  cluster = await startPostgresCluster(
    { max_slot_wal_keep_size: '16MB', max_wal_size: '32MB' },
    postgresMajor(),
  );
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createOrdersDatabase(cluster);
  bus = await startOrdersBus();
});
afterEach(async () => {
  for (const relay of relays.splice(0)) {
    relay.relay.stop();
    await relay.ended.catch(() => {});
  }
  await bus.stop();
  await database.close();
});

function start(options: Parameters<typeof runRelay>[2] = {}): RunningRelay {
  const relay = runRelay(database, bus, options);
  relays.push(relay);
  return relay;
}

const arrival = (): Promise<unknown> =>
  bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });

/** Publishes some orders, waits until a bookmark covers them, and stops. */
async function publishedBefore(): Promise<void> {
  const relay = start();
  await relay.logged('streaming');
  await database.placeOrders(40);
  await arrival();
  await bookmarkCovers();
  await relay.stop();
}

/** Waits until everything in the outbox is covered by the stored bookmark. */
async function bookmarkCovers(): Promise<void> {
  for (;;) {
    const [row] = await database.query(
      `select count(*)::int as open from tidings.outbox
       where not exists (
         select from tidings.checkpoint
         where name = $1 and bookmark is not null
           and pg_visible_in_snapshot(transaction_id, bookmark))`,
      [database.slot],
    );
    if (row?.open === 0) return;
  }
}

interface Incident {
  readonly reason: string;
  readonly republished: string | null;
  readonly closed: boolean;
}

async function incidents(): Promise<readonly Incident[]> {
  return (await database.query(
    `select reason, republished, closed_at is not null as closed, from_lsn < to_lsn as moved
     from tidings.incident where slot_name = $1 order by id`,
    [database.slot],
  )) as unknown as readonly Incident[];
}

async function dropSlot(): Promise<void> {
  await database.query('select pg_drop_replication_slot($1)', [database.slot]);
}

/** Writes WAL until the slot has kept more of it than it may. */
async function invalidateSlot(): Promise<void> {
  for (;;) {
    await database.query(`select pg_logical_emit_message(false, 'filler', repeat('x', 4000000))
                          from generate_series(1, 8)`);
    await database.query('select pg_switch_wal()');
    await database.query('checkpoint');
    const [slot] = await database.query(
      'select wal_status from pg_replication_slots where slot_name = $1',
      [database.slot],
    );
    if (slot?.wal_status === 'lost') return;
  }
}

/** Drops the slot of a running relay, which may be back before the drop. */
async function dropActiveSlot(): Promise<void> {
  // On the server, in one statement: the relay comes back between two of a client's.
  await database.query(
    `do $$ begin
       loop
         perform pg_terminate_backend(active_pid) from pg_replication_slots
           where slot_name = '${database.slot}' and active_pid is not null;
         begin
           perform pg_drop_replication_slot('${database.slot}');
           return;
         exception when object_in_use then
           perform pg_sleep(0.002);
         end;
       end loop;
     end $$`,
  );
}

/** Where rows of today are. */
async function partitionOfToday(): Promise<string> {
  const [row] = await database.query(
    'select tableoid::regclass::text as name from tidings.outbox order by id desc limit 1',
  );
  return row?.name as string;
}

interface Loss {
  readonly name: string;
  readonly reason: string;
  readonly lose: () => Promise<void>;
}

const losses: readonly Loss[] = [
  { name: 'dropped', reason: 'dropped', lose: dropSlot },
  {
    name: 'made again under the same name',
    reason: 'moved',
    lose: async () => {
      await dropSlot();
      await database.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [
        database.slot,
      ]);
    },
  },
  {
    name: 'advanced behind the back of the relay',
    reason: 'moved',
    lose: async () => {
      await database.query('select pg_replication_slot_advance($1, pg_current_wal_lsn())', [
        database.slot,
      ]);
    },
  },
  {
    name: 'invalidated, because it kept more WAL than it may',
    reason: 'invalidated',
    lose: invalidateSlot,
  },
  {
    name: 'left without its publication for a while',
    reason: 'publication-changed',
    lose: async () => {
      await database.query('alter publication tidings drop table tidings.outbox');
      await database.placeOrders(20);
      // A running relay may have put it back by now.
      await database.query('alter publication tidings set table tidings.outbox');
    },
  },
  {
    name: 'left without what was written to an unlogged partition',
    reason: 'publication-changed',
    lose: async () => {
      const partition = await partitionOfToday();
      await database.query(`alter table ${partition} set unlogged`);
      await database.placeOrders(20);
      await database.query(`alter table ${partition} set logged`);
    },
  },
  {
    name: 'left without a partition that was filled before it was attached',
    reason: 'publication-changed',
    lose: async () => {
      await database.query('create table tidings.filled (like tidings.outbox including all)');
      await appendRow(
        // As a bulk load would, past the table that is published.
        {
          query: (text: string, values: unknown[]) =>
            database.query(text.replace('into tidings.outbox', 'into tidings.filled'), values),
        } as never,
        { key: 'filled', appendedAt: '2020-01-01' },
      );
      database.committed.add('filled');
      await database.query(
        `alter table tidings.outbox attach partition tidings.filled
         for values from ('2020-01-01') to ('2020-01-02')`,
      );
    },
  },
  {
    name: 'left without its table in the publication',
    reason: 'unpublished',
    lose: async () => {
      await database.query('alter publication tidings drop table tidings.outbox');
    },
  },
  {
    name: 'left with a publication of deletes alone',
    reason: 'unpublished',
    lose: async () => {
      await database.query(`alter publication tidings set (publish = 'delete')`);
    },
  },
  {
    name: 'left with a publication of partitions',
    reason: 'unpublished',
    lose: async () => {
      await database.query('alter publication tidings set (publish_via_partition_root = false)');
    },
  },
  {
    name: 'left with a dropped publication',
    reason: 'unpublished',
    lose: async () => {
      await database.query('drop publication tidings');
    },
  },
];

test.each(losses)('a slot that was $name between two runs is healed', async ({ reason, lose }) => {
  await publishedBefore();
  const before = bus.events.length;
  await database.placeOrders(30);
  await lose();
  await database.placeOrders(30);
  const relay = start();
  await relay.logged('streaming');
  await database.placeOrders(30);
  await arrival();
  await relay.logged('the slot is healed');
  await relay.stop();
  const duplicates = expectAllOrders(database.committed, bus.events);
  // The bookmark covered all that had been published.
  expect(duplicates).toBe(0);
  const republished = bus.events.length - before - 30;
  expect(await incidents()).toEqual([
    { reason, republished: String(republished), closed: true, moved: true },
  ]);
});

test.each(losses)('a slot that was $name before any relay streamed it is healed', async (loss) => {
  await database.placeOrders(30);
  await loss.lose();
  await database.placeOrders(30);
  const relay = start();
  await relay.logged('the slot is healed');
  await arrival();
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
  expect(await incidents()).toEqual([
    {
      reason: loss.reason,
      republished: String(database.committed.size),
      closed: true,
      moved: true,
    },
  ]);
});

test('a table that was made again shows by its oid alone, where the publication takes all', async () => {
  await database.query('drop publication tidings');
  await database.query(
    `create publication tidings for all tables
     with (publish = 'insert', publish_via_partition_root = true)`,
  );
  await publishedBefore();
  await database.placeOrders(20);
  await database.query(
    `create table tidings.outbox_again (like tidings.outbox including all)
       partition by range (appended_at);
     create table tidings.outbox_rest partition of tidings.outbox_again default;
     insert into tidings.outbox_again select * from tidings.outbox;
     drop table tidings.outbox;
     alter table tidings.outbox_again rename to outbox`,
  );
  await database.placeOrders(20);
  const relay = start();
  await relay.logged('the slot is healed');
  await arrival();
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
  // The first is of the publication's.
  expect(await incidents()).toMatchObject([
    { reason: 'publication-changed', closed: true },
    { reason: 'publication-changed', republished: '40', closed: true },
  ]);
});

test('a slot that was dropped and migrated again before its first stream is healed', async () => {
  await database.placeOrders(30);
  await dropSlot();
  await database.placeOrders(30);
  await migrateOutbox({ connection: database.url, slot: database.slot });
  const relay = start();
  await relay.logged('the slot is healed');
  await arrival();
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
  expect(await incidents()).toMatchObject([{ reason: 'moved', closed: true }]);
});

test('a second slot is healed from where it began, not from the table’s beginning', async () => {
  await publishedBefore();
  const second = `${database.slot}_second`;
  await migrateOutbox({ connection: database.url, slot: second });
  await database.query('select pg_drop_replication_slot($1)', [second]);
  const before = database.committed.size;
  await database.placeOrders(30);
  const relay = start({ slot: second });
  await relay.logged('the slot is healed');
  await relay.stop();
  await database.query('select pg_drop_replication_slot($1)', [second]);
  expect(bus.events).toHaveLength(before + 30);
  expectAllOrders(database.committed, bus.events);
});

test('a slot without a checkpoint that the server invalidated is healed from the table', async () => {
  // As one that was made by hand, or by an older release, before any relay streamed it.
  await database.query('delete from tidings.checkpoint');
  await database.placeOrders(30);
  await invalidateSlot();
  const relay = start();
  await relay.logged('the slot is healed');
  await arrival();
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
  expect(await incidents()).toMatchObject([{ reason: 'invalidated', closed: true }]);
});

test.each(losses.filter(({ reason }) => reason !== 'moved' && reason !== 'invalidated'))(
  'a slot that is $name under a running relay is healed',
  async ({ name, reason, lose }) => {
    const relay = start();
    await relay.logged('streaming');
    await database.placeOrders(40);
    await arrival();
    await bookmarkCovers();
    if (name === 'dropped') {
      await dropActiveSlot();
    } else {
      await lose();
    }
    await database.placeOrders(40);
    await relay.logged('is made anew');
    await database.placeOrders(20);
    await arrival();
    await relay.logged('the slot is healed');
    await relay.stop();
    expectAllOrders(database.committed, bus.events);
    const [incident] = await incidents();
    expect(incident?.closed).toBe(true);
    // The guard may look while the table is away, or when it is back.
    const reasons = reason === 'publication-changed' ? [reason, 'unpublished'] : [reason];
    expect(reasons).toContain(incident?.reason);
    expect(relay.log.some(({ level }) => level === 'error')).toBe(true);
  },
);

test('a relay that is killed while it heals heals again at its next start', async () => {
  await publishedBefore();
  await database.placeOrders(50);
  await dropSlot();
  // Nothing gets through, so the repair cannot end.
  bus.setFaults([
    { match: { source: 'com.acme.orders' }, action: { type: 'request-fail', preset: '500' } },
  ]);
  const killed = startRelayProcess({
    DATABASE_URL: database.url,
    RELAY_SLOT: database.slot,
    EVENT_BUS_NAME: 'orders',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
  });
  await killed.logged('is made anew');
  await database.placeOrders(10);
  killed.kill('SIGKILL');
  await killed.exited;
  expect(await incidents()).toMatchObject([{ reason: 'dropped', closed: false }]);
  bus.setFaults([]);
  const next = start();
  await arrival();
  await next.logged('the slot is healed');
  await next.stop();
  expectAllOrders(database.committed, bus.events);
  expect(next.log.map(({ message }) => message).join('\n')).toContain('ahead of its checkpoint');
  expect(await incidents()).toMatchObject([{ reason: 'dropped', closed: true }]);
});

test('of two relays that find the slot lost, one heals it and the other stands by', async () => {
  const first = start();
  await first.logged('streaming');
  const second = start();
  await second.logged('standing by');
  await database.placeOrders(40);
  await arrival();
  // Nothing gets through, so the repair lasts until the faults are gone.
  bus.setFaults([
    { match: { source: 'com.acme.orders' }, action: { type: 'request-fail', preset: '500' } },
  ]);
  await dropActiveSlot();
  await database.placeOrders(40);
  await Promise.race([first.logged('is made anew'), second.logged('is made anew')]);
  bus.setFaults([]);
  await arrival();
  await Promise.race([first.logged('the slot is healed'), second.logged('the slot is healed')]);
  await first.stop();
  await second.stop();
  expectAllOrders(database.committed, bus.events);
  const repairs = [...first.log, ...second.log].filter(({ message }) =>
    message.includes('is made anew'),
  );
  expect(repairs).toHaveLength(1);
  expect(await incidents()).toMatchObject([{ reason: 'dropped', closed: true }]);
});

test('a repair ends beside transactions that follow upon each other and are rolled back', async () => {
  await publishedBefore();
  await database.placeOrders(30);
  await dropSlot();
  const clients = Array.from({ length: 3 }, () => new pg.Client(database.url));
  const [first, second, third] = clients as [pg.Client, pg.Client, pg.Client];
  await Promise.all(clients.map((client) => client.connect()));
  const begin = async (client: pg.Client): Promise<void> => {
    await client.query('begin');
    await client.query('select pg_current_xact_id()');
  };
  try {
    await begin(first);
    const relay = start();
    // The slot's snapshot moves its beginning over them, and its end over commits alone.
    for (const [ends, begins] of [
      [first, second],
      [second, third],
    ] as const) {
      await holdsUpTheNewSlot(ends);
      await begin(begins);
      await ends.query('rollback');
    }
    await relay.logged('the slot is healed');
    await arrival();
    await relay.stop();
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
  expect(await incidents()).toMatchObject([{ reason: 'dropped', closed: true }]);
});

/** Resolves when a new slot's making waits for the client's transaction. */
async function holdsUpTheNewSlot(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  for (;;) {
    const waiting = await database.query(
      `select from pg_stat_activity
       where query like 'CREATE_REPLICATION_SLOT%' and $1 = any(pg_blocking_pids(pid))`,
      [rows[0]?.pid],
    );
    if (waiting.length > 0) return;
  }
}

test('a link that is forgotten in the middle of a repair does not hold it up', async () => {
  await publishedBefore();
  await database.placeOrders(300, 10);
  await dropSlot();
  const link = await openTcpLink(cluster.port);
  const url = database.url.replace(`:${cluster.port}/`, `:${link.port}/`);
  try {
    const relay = start({ connection: url, heartbeatTimeoutMs: 500 });
    await relay.logged('has been dropped');
    link.forget();
    await relay.logged('the slot is healed');
    await arrival();
    await relay.stop();
  } finally {
    await link.close();
  }
  expectAllOrders(database.committed, bus.events);
});

test('a slot that is advanced while the stream begins lets no later row overtake', async () => {
  await publishedBefore();
  const link = await openTcpLink(cluster.port);
  const url = database.url.replace(`:${cluster.port}/`, `:${link.port}/`);
  try {
    const frozen = link.freezeAt('START_REPLICATION');
    const relay = start({ connection: url });
    await frozen;
    await database.placeOrders(1);
    await database.query('select pg_replication_slot_advance($1, pg_current_wal_flush_lsn())', [
      database.slot,
    ]);
    await database.placeOrders(1);
    link.thaw();
    await relay.logged('the slot is healed');
    await arrival();
    await relay.stop();
  } finally {
    await link.close();
  }
  const arrived = bus.events.map(
    ({ envelope }) =>
      (envelope.detail as { metadata: { idempotencyKey: string } }).metadata.idempotencyKey,
  );
  expect([...new Set(arrived)].slice(-2)).toEqual([...database.committed].slice(-2));
  expect(await incidents()).toMatchObject([{ reason: 'moved', closed: true }]);
});

test('onSlotLoss: halt opens the incident and stops with the sentence for it', async () => {
  await publishedBefore();
  await database.placeOrders(10);
  await dropSlot();
  const relay = start({ onSlotLoss: 'halt' });
  await expect(relay.ended).rejects.toThrow(/has been dropped; see incident \d+, then start once/);
  expect(await incidents()).toMatchObject([{ reason: 'dropped', closed: false }]);
  const healer = start();
  await arrival();
  await healer.logged('the slot is healed');
  await healer.stop();
  expectAllOrders(database.committed, bus.events);
  expect(await incidents()).toMatchObject([{ reason: 'dropped', closed: true }]);
});

test('a role whose rows are filtered heals nothing, and says why', async () => {
  await publishedBefore();
  await database.query(
    `do $$ begin
       if not exists (select from pg_roles where rolname = 'relay') then
         create role relay login password 'relay';
       end if;
     end $$`,
  );
  await database.query(outboxRoles({ relay: 'relay' }));
  await database.placeOrders(2);
  await dropSlot();
  await database.query(
    `alter table tidings.outbox enable row level security;
     create policy writers on tidings.outbox for insert with check (true)`,
  );
  const connection = database.url.replace('postgres:tidings@', 'relay:relay@');
  await expect(start({ connection }).ended).rejects.toThrow(
    /would hide rows of tidings.outbox from role "relay"; run ALTER ROLE "relay" BYPASSRLS/,
  );
  expect(await incidents()).toMatchObject([{ reason: 'dropped', closed: false }]);
  await database.query('alter role "relay" bypassrls');
  const relay = start({ connection });
  await relay.logged('the slot is healed');
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
  expect(await incidents()).toMatchObject([{ reason: 'dropped', republished: '2', closed: true }]);
});

test('rows of a key are healed in order of id, whichever transaction began first', async () => {
  await publishedBefore();
  await dropSlot();
  const [early, late] = [new pg.Client(database.url), new pg.Client(database.url)];
  await Promise.all([early.connect(), late.connect()]);
  try {
    await early.query('begin');
    await early.query('select pg_current_xact_id()');
    await appendRow(late, { key: 'first', orderingKey: 'k' });
    await appendRow(early, { key: 'second', orderingKey: 'k' });
    await early.query('commit');
  } finally {
    await Promise.all([early.end(), late.end()]);
  }
  const relay = start();
  await relay.logged('the slot is healed');
  await relay.stop();
  expect(bus.events.slice(-2).map(({ idempotencyKey }) => idempotencyKey)).toEqual([
    'first',
    'second',
  ]);
});

test('a checkpoint of another cluster is refused with what to do', async () => {
  await publishedBefore();
  await database.query(`update tidings.checkpoint set system_identifier = '1' where name = $1`, [
    database.slot,
  ]);
  await expect(start().ended).rejects.toThrow(
    /written by another database cluster.*run `tidings outbox adopt`/,
  );
});
