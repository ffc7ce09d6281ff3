import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import type { LocalBus } from '@tidings/local';
import { migrateOutbox } from '@tidings/postgres';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { everyKey } from '../../support/expect-all-orders.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { type RunningRelay, runRelay, startOrdersBus } from '../../support/running-relay.ts';
import { querySuperuser, startStandby } from '../../support/standby.ts';
import { openTcpLink, type TcpLink } from '../../support/tcp-link.ts';

let primary: PostgresCluster;
let standby: PostgresCluster | undefined;
let link: TcpLink;
let database: OrdersDatabase;
let bus: LocalBus;
let relay: RunningRelay | undefined;

beforeEach(async () => {
  primary = await startPostgresCluster();
  link = await openTcpLink(primary.port);
  // Writers and relay reach whichever server is behind the name, as in production.
  database = await createOrdersDatabase({
    ...primary,
    url: (name) => primary.url(name).replace(`:${primary.port}/`, `:${link.port}/`),
  });
  bus = await startOrdersBus();
});
afterEach(async () => {
  relay?.relay.stop();
  await relay?.ended.catch(() => {});
  await database.close();
  await link.close();
  await standby?.stop();
  await primary.stop();
  await bus.stop();
});

/** Every order that the surviving server holds is on the bus. */
async function everyOrderOfTheSurvivorArrives(): Promise<void> {
  const rows = await database.query('select idempotency_key from tidings.outbox');
  const keys = new Set(rows.map((row) => String(row.idempotency_key)));
  await bus.waitFor(everyKey(keys), { timeoutMs: 30_000 });
}

async function untilReplayed(): Promise<void> {
  const [{ lsn } = {}] = await querySuperuser(primary, 'select pg_current_wal_lsn()::text as lsn');
  for (;;) {
    const [row] = await querySuperuser(
      standby as PostgresCluster,
      `select pg_last_wal_replay_lsn() >= '${lsn}'::pg_lsn as there`,
    );
    if (row?.there === true) return;
  }
}

async function failOver(): Promise<void> {
  await primary.crash();
  await querySuperuser(standby as PostgresCluster, 'select pg_promote()');
  link.retarget((standby as PostgresCluster).port);
  link.cut();
}

test('a standby without the slot takes over, behind what was published: nothing of it is lost', async () => {
  standby = await startStandby(primary);
  relay = runRelay(database, bus);
  await relay.logged('streaming');
  await database.placeOrders(60);
  await bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });
  await untilReplayed();
  // From here on the standby hears nothing: what is committed now dies with the primary,
  // after it was published.
  await querySuperuser(standby, `alter system set primary_conninfo = ''`);
  await querySuperuser(standby, 'select pg_reload_conf()');
  for (;;) {
    const rows = await querySuperuser(
      primary,
      "select from pg_stat_replication where application_name = 'standby'",
    );
    if (rows.length === 0) break;
  }
  await database.placeOrders(60);
  await bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });
  await failOver();
  // The new primary gives the same transaction ids and log numbers to other transactions.
  await database.placeOrders(90);
  await relay.logged('the slot is healed');
  await database.placeOrders(30);
  await everyOrderOfTheSurvivorArrives();
  expect(await database.query('select reason from tidings.incident')).toEqual([
    { reason: 'dropped' },
  ]);
});

test('a failover slot follows to the standby: no incident, and the stream goes on', async () => {
  await querySuperuser(primary, `select pg_create_physical_replication_slot('standby')`);
  await querySuperuser(primary, `alter system set synchronized_standby_slots = 'standby'`);
  await querySuperuser(primary, 'select pg_reload_conf()');
  standby = await startStandby(primary, {
    primary_slot_name: 'standby',
    hot_standby_feedback: 'on',
    sync_replication_slots: 'on',
  });
  relay = runRelay(database, bus);
  await relay.logged('streaming');
  await database.placeOrders(60);
  await bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });
  for (;;) {
    const [slot] = await querySuperuser(
      standby,
      `select synced and not temporary as ready from pg_replication_slots
       where slot_name = '${database.slot}'`,
    );
    if (slot?.ready === true) break;
    // A slot is synced once the primary's has moved beyond the standby's beginning.
    await database.placeOrders(1);
  }
  await untilReplayed();
  await failOver();
  await database.placeOrders(90);
  await everyOrderOfTheSurvivorArrives();
  expect(await database.query('select reason from tidings.incident')).toEqual([]);
});

test('a standby is not migrated: it gets the sentence for it, and no slot', async () => {
  standby = await startStandby(primary);
  await untilReplayed();
  const connection = standby.url(database.slot);
  await expect(migrateOutbox({ connection, slot: 'another' })).rejects.toThrow(
    'the server is a standby; connect to the primary',
  );
  const slots = await querySuperuser(standby, 'select slot_name from pg_replication_slots');
  expect(slots).toEqual([]);
});
