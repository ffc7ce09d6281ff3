import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import type { LocalBus } from '@tidings/local';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { everyKey, expectAllOrders } from '../../support/expect-all-orders.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { type RunningRelay, runRelay, startOrdersBus } from '../../support/running-relay.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
let bus: LocalBus;
let stranger: pg.Client;
const relays: RunningRelay[] = [];

beforeAll(async () => {
  cluster = await startPostgresCluster();
  bus = await startOrdersBus();
});
afterAll(async () => {
  await bus.stop();
  await cluster.stop();
});
beforeEach(async () => {
  database = await createOrdersDatabase(cluster);
  bus.reset();
  await database.query(
    `do $$ begin
       if to_regrole('stranger') is null then create role stranger login password 'stranger'; end if;
     end $$`,
  );
  const url = new URL(database.url);
  url.username = 'stranger';
  url.password = 'stranger';
  stranger = new pg.Client(url.href);
  await stranger.connect();
});
afterEach(async () => {
  for (const relay of relays.splice(0)) {
    relay.relay.stop();
    await relay.ended.catch(() => {});
  }
  await stranger.end();
  await database.close();
});

function start(): RunningRelay {
  const relay = runRelay(database, bus);
  relays.push(relay);
  return relay;
}

const arrival = (): Promise<unknown> =>
  bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });

/** Sends a message under the prefix of the relay's heartbeats, as the stranger. */
async function forge(content: string): Promise<void> {
  await stranger.query('select pg_logical_emit_message(true, $1, $2)', [
    `tidings.heartbeat.${database.slot}`,
    content,
  ]);
}

async function bookmarkOf(): Promise<string | null> {
  const [row] = await database.query(
    'select bookmark::text from tidings.checkpoint where name = $1',
    [database.slot],
  );
  return row?.bookmark as string | null;
}

async function fingerprint(): Promise<unknown> {
  const [row] = await database.query(
    'select publication_fingerprint as value from tidings.checkpoint where name = $1',
    [database.slot],
  );
  return row?.value;
}

test('a forged heartbeat moves no bookmark: a lost slot still gives back every owed event', async () => {
  const relay = start();
  await relay.logged('streaming');
  await database.placeOrders(1);
  await arrival();
  const forged = JSON.stringify({
    snapshot: '1:99999999999:',
    at: '2026-11-21T10:00:00Z',
    fingerprint: await fingerprint(),
  });
  await forge(forged);
  await relay.logged('is not of this relay; ignored');
  // Whatever is confirmed from here on lies behind the forged one.
  await database.placeOrders(1);
  await arrival();
  await relay.stop();
  expect(await bookmarkOf()).not.toContain('99999999999');

  await database.placeOrders(20);
  await database.query('select pg_drop_replication_slot($1)', [database.slot]);
  start();
  await arrival();
  expectAllOrders(database.committed, bus.events);
});

test.each([
  ['text', 'x'],
  ['nothing', ''],
  ['null', 'null'],
  ['a name of the relay’s form', '7b9c2f0e-51f4-4f4b-9f8e-0f7b2d1c3a55'],
  ['a megabyte', 'x'.repeat(1_000_000)],
])('a stranger’s heartbeat of %s leaves the relay running', async (_, content) => {
  const relay = start();
  await relay.logged('streaming');
  await forge(content);
  await relay.logged('is not of this relay; ignored');
  await database.placeOrders(3);
  await arrival();
  await relay.stop();
  expect(expectAllOrders(database.committed, bus.events)).toBe(0);
});

test('what a role without grants tries on outbox, checkpoint and slot is refused', async () => {
  const relay = start();
  await relay.logged('streaming');
  for (const statement of [
    'select * from tidings.outbox',
    'insert into tidings.outbox default values',
    'delete from tidings.outbox',
    `update tidings.checkpoint set acknowledged_lsn = 'FFFF/0'`,
    'delete from tidings.checkpoint',
    'select * from tidings.dead_letter',
    'delete from tidings.incident',
    `select tidings.append('a')`,
    'create table tidings.mine (id int)',
    'alter publication tidings drop table tidings.outbox',
    `select pg_drop_replication_slot('${database.slot}')`,
    `select pg_replication_slot_advance('${database.slot}', pg_current_wal_lsn())`,
    `select pg_logical_slot_get_changes('${database.slot}', null, null)`,
    `select pg_terminate_backend(active_pid) from pg_replication_slots`,
  ]) {
    await expect(stranger.query(statement), statement).rejects.toMatchObject({
      code: expect.stringMatching(/^(42501|42883)$/),
    });
  }
  const { rows } = await stranger.query(
    `select p.oid::regprocedure::text as name from pg_proc p
     join pg_namespace n on n.oid = p.pronamespace and n.nspname = 'tidings'
     where has_schema_privilege('tidings', 'usage') and has_function_privilege(p.oid, 'execute')`,
  );
  expect(rows).toEqual([]);
  await relay.stop();
});
