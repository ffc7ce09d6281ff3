import type { Envelope } from '@tidings/contract';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import type { LocalBus } from '@tidings/local';
import {
  captureTable,
  setUpTableCapture,
  type TableChange,
  type TableSourceOptions,
  tableSource,
} from '@tidings/postgres';
import type { ChangeSource } from '@tidings/relay';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readChanges } from '../../support/read-changes.ts';
import { tellEverything } from '../../support/row-changed.ts';
import { type RunningRelay, runRelayFrom, startOrdersBus } from '../../support/running-relay.ts';
import { createShopDatabase, type ShopDatabase } from '../../support/shop-database.ts';

let cluster: PostgresCluster;
let database: ShopDatabase;
let bus: LocalBus;
let relays: RunningRelay[] = [];

beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
  bus = await startOrdersBus();
});
afterAll(async () => {
  await bus.stop();
  await cluster.stop();
});

const { insert, modify, remove } = tellEverything();
const mapping = {
  schema: z.looseObject({}),
  images: 'new' as const,
  ...{ insert, modify, remove, snapshot: insert },
};
const orders = captureTable({ table: 'orders', ...mapping });
const lines = captureTable({ table: '"Lines"', ...mapping });

beforeEach(async () => {
  database = await createShopDatabase(cluster);
  bus.reset();
  await database.query(
    `create table orders (id int primary key, total numeric, due timestamptz, paid boolean,
       code char(4), twice int generated always as (2) stored);
     create table "Lines" ("Line Id" int primary key)`,
  );
  await setUpTableCapture({
    connection: database.url,
    slot: database.slot,
    tables: [orders, lines],
  });
});
afterEach(async () => {
  for (const { relay, ended } of relays) {
    relay.stop();
    await ended.catch(() => {});
  }
  relays = [];
  await database.close();
});

function source(onSlotLoss?: TableSourceOptions['onSlotLoss']): ChangeSource<TableChange> {
  return tableSource({
    connection: database.url,
    slot: database.slot,
    tables: [orders, lines],
    heartbeatIntervalMs: 50,
    ...(onSlotLoss !== undefined && { onSlotLoss }),
  });
}

function start(onSlotLoss?: TableSourceOptions['onSlotLoss']): RunningRelay {
  const relay = runRelayFrom(source(onSlotLoss), bus);
  relays.push(relay);
  return relay;
}

const place = (id: number): string =>
  `insert into orders values (${id}, 18.90, '2026-06-07 02:00:00Z', true, 'ab');`;

/** Streams one row, stops, and loses the slot with a row and a removal in it. */
async function loseTheSlot(): Promise<void> {
  const relay = start();
  await database.query(place(1));
  await bus.waitFor(1);
  await relay.stop();
  await database.query(`${place(2)} delete from orders where id = 1`);
  await database.query('select pg_drop_replication_slot($1)', [database.slot]);
  await database.query(`${place(3)} insert into "Lines" values (7)`);
}

async function incidents(): Promise<readonly Record<string, unknown>[]> {
  return database.query(
    'select reason, republished, closed_at is not null as closed from tidings.incident',
  );
}

const nowOf = (detail: string): Record<string, unknown> => JSON.parse(detail).data.now;

test('a slot that was made again before any relay streamed it halts the relay too', async () => {
  await database.query(place(1));
  await database.query('select pg_drop_replication_slot($1)', [database.slot]);
  const { url: connection, slot } = database;
  await setUpTableCapture({ connection, slot, tables: [orders, lines] });
  await expect(start().ended).rejects.toThrow('it was made again, or somebody else advanced it');
  expect(await incidents()).toEqual([{ reason: 'moved', republished: null, closed: false }]);
});

test('a lost slot halts the relay with an incident, whose remedy is named', async () => {
  await loseTheSlot();
  const halted = start();
  await expect(halted.ended).rejects.toThrow(
    /has been dropped; the missing changes cannot be read again \(incident \d+\): start once with onSlotLoss: 'snapshot'/,
  );
  expect(await incidents()).toEqual([{ reason: 'dropped', republished: null, closed: false }]);
  expect(bus.events).toHaveLength(1);
});

test('snapshot: every row of every table, as the stream would have sent it, then the stream', async () => {
  await loseTheSlot();
  const healed = start('snapshot');
  await bus.waitFor(4);
  await database.query(place(4));
  await bus.waitFor(5);
  await healed.stop();
  const [first, ...snapshot] = bus.events.slice(0, 4).map(({ detail }) => nowOf(detail));
  const row = { total: '18.90', due: '2026-06-07T02:00:00Z', paid: true, code: 'ab  ' };
  expect(first).toEqual({ id: 1, ...row });
  expect(snapshot).toHaveLength(3);
  expect(snapshot).toEqual(
    expect.arrayContaining([{ id: 2, ...row }, { id: 3, ...row }, { 'Line Id': 7 }]),
  );
  expect(nowOf(bus.events[4]?.detail ?? '')).toEqual({ id: 4, ...row });
  expect(await incidents()).toEqual([{ reason: 'dropped', republished: '3', closed: true }]);
});

test('a snapshot that is interrupted begins again and makes the same events', async () => {
  await loseTheSlot();
  // Reads and captures, and dies before anything is confirmed.
  const interrupted = source('snapshot');
  const { changes } = await readChanges(interrupted, 3);
  const made = changes.flatMap((change) => interrupted.capture(change)) as unknown as Envelope[];
  const healed = start('snapshot');
  await healed.logged('the slot is made anew');
  await database.query(place(4));
  const events = (await bus.waitFor(5)).slice(0, 4);
  await healed.stop();
  const sorted = (details: readonly unknown[]): unknown[] =>
    details.map((detail) => JSON.stringify(detail)).toSorted();
  expect(sorted(events.slice(1).map(({ detail }) => JSON.parse(detail)))).toEqual(
    sorted(made.map(({ detail }) => detail)),
  );
  expect(await incidents()).toEqual([{ reason: 'dropped', republished: '3', closed: true }]);
});

test('a table that is altered out of the publication under way is a loss', async () => {
  const relay = start();
  await database.query(place(1));
  await bus.waitFor(1);
  await database.query('alter publication tidings_tables drop table "Lines"');
  await expect(relay.ended).rejects.toThrow('publication "tidings_tables" does not publish');
  expect(await incidents()).toEqual([{ reason: 'unpublished', republished: null, closed: false }]);
});

const refunds = captureTable({ table: 'refunds', ...mapping });

/** A relay of the tables given, between two set-ups. */
function startWith(...tables: TableSourceOptions['tables']): RunningRelay {
  const { url: connection, slot } = database;
  const relay = runRelayFrom(
    tableSource({ connection, slot, tables, heartbeatIntervalMs: 50 }),
    bus,
  );
  relays.push(relay);
  return relay;
}

test('tables are added and taken away between two runs without a loss', async () => {
  const { url: connection, slot } = database;
  const first = startWith(orders, lines);
  await database.query(place(1));
  await bus.waitFor(1);
  await database.query('create table refunds (id int primary key)');
  const set = { connection, slot, tables: [orders, lines, refunds] };
  await expect(setUpTableCapture(set)).rejects.toThrow('is being streamed; stop its relay');
  await first.stop();
  await database.query(place(2));
  expect(await setUpTableCapture(set)).toEqual({
    publicationCreated: false,
    slotCreated: false,
    tablesAdded: ['public.refunds'],
  });
  const second = startWith(orders, lines, refunds);
  await database.query('insert into refunds values (7)');
  await bus.waitFor(3);
  await second.stop();
  await database.query(place(3));
  expect(await setUpTableCapture({ ...set, tables: [orders, refunds] })).toMatchObject({
    tablesAdded: [],
  });
  const third = startWith(orders, refunds);
  await database.query('insert into "Lines" values (8); insert into refunds values (9)');
  await bus.waitFor(5);
  await third.stop();
  expect(bus.events.map(({ detail }) => nowOf(detail))).toMatchObject([
    ...[{ id: 1 }, { id: 2 }, { id: 7 }, { id: 3 }, { id: 9 }],
  ]);
  expect(await incidents()).toEqual([]);
});

test('a relay that met the change before the set-up is told, and goes on after it', async () => {
  const { url: connection, slot } = database;
  const first = startWith(orders, lines);
  await database.query(place(1));
  await bus.waitFor(1);
  await first.stop();
  await database.query('create table refunds (id int primary key)');
  const early = startWith(orders, lines, refunds);
  await expect(early.ended).rejects.toThrow('run setUpTableCapture if it is the tables');
  await setUpTableCapture({ connection, slot, tables: [orders, lines, refunds] });
  const late = startWith(orders, lines, refunds);
  await database.query('insert into refunds values (7)');
  await bus.waitFor(2);
  await late.stop();
  expect(await incidents()).toEqual([{ reason: 'unpublished', republished: '0', closed: true }]);
});

test('a set-up does not hide a loss that went before it', async () => {
  const { url: connection, slot } = database;
  const first = startWith(orders, lines);
  await database.query(place(1));
  await bus.waitFor(1);
  await first.stop();
  await database.query('alter publication tidings_tables drop table "Lines"');
  await database.query('insert into "Lines" values (1)');
  await database.query('alter publication tidings_tables add table "Lines"');
  await setUpTableCapture({ connection, slot, tables: [orders, lines] });
  await expect(startWith(orders, lines).ended).rejects.toThrow(
    'table public."Lines" was taken out of the publication and put back',
  );
});

test('an incident that nobody settled halts each start, until the checkpoint is given up', async () => {
  const running = start();
  await database.query(place(1));
  await bus.waitFor(1);
  await database.query('alter table orders rename to renamed');
  await expect(running.ended).rejects.toThrow('table public.orders does not exist any more');
  await database.query('alter table renamed rename to orders');
  const halted = start();
  await expect(halted.ended).rejects.toThrow(/incident 1 is open since .* cannot be read again/);
  const [statement] = /DELETE FROM .*?'.*?'/.exec(String(await halted.ended.catch(String))) ?? [];
  await database.query(statement as string);
  const begun = start();
  await begun.logged('its incident is closed');
  await database.query(place(2));
  await bus.waitFor(2);
  await begun.stop();
  expect(await incidents()).toEqual([{ reason: 'unpublished', republished: null, closed: true }]);
});
