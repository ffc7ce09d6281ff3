import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { type CapturedTable, captureTable } from '@tidings/postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { setUpTables, sourceOf, toldChanges } from '../../support/captured-changes.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readSource } from '../../support/read-source.ts';
import { tellEverything } from '../../support/row-changed.ts';
import { createShopDatabase, type ShopDatabase } from '../../support/shop-database.ts';

let cluster: PostgresCluster;
let database: ShopDatabase;

beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createShopDatabase(cluster);
  await database.query('create table orders (id int primary key, note text)');
});
afterEach(() => database.close());

function capture(table: string): CapturedTable {
  return captureTable({
    table,
    schema: z.looseObject({}),
    images: 'new',
    ...tellEverything(),
  }) as CapturedTable;
}

const orders = capture('orders');
const lines = capture('"Order Lines"');

test('a table that is renamed away and back loses no row, running or not', async () => {
  await setUpTables(database, orders);
  const reading = readSource(sourceOf(database, [orders]));
  await reading.logged('streaming');
  const away = `
    alter table orders rename to x; create schema if not exists other;
    alter table x set schema other;`;
  const back = 'alter table other.x set schema public; alter table public.x rename to orders;';
  await database.query(`begin; ${away} insert into other.x values (1); ${back} commit`);
  await reading.until(() => reading.changes.length === 1);
  await reading.kill();
  await database.query(`${away} insert into other.x values (2)`);
  await database.query(`delete from other.x where id = 1; ${back} insert into orders values (3)`);
  expect(await toldChanges(database, [orders], 4)).toMatchObject([
    { kind: 'insert', table: 'public.orders', keys: { id: 1 } },
    { kind: 'insert', table: 'public.orders', keys: { id: 2 } },
    { kind: 'remove', table: 'public.orders', keys: { id: 1 } },
    { kind: 'insert', table: 'public.orders', keys: { id: 3 } },
  ]);
});

test('tables that change names with each other are no longer streamed as if nothing were', async () => {
  await database.query('create table "Order Lines" (id int primary key, note text)');
  await setUpTables(database, orders, lines);
  const reading = readSource(sourceOf(database, [orders, lines]));
  await reading.logged('streaming');
  await database.query(
    `begin; alter table orders rename to x; alter table "Order Lines" rename to orders;
     alter table x rename to "Order Lines"; commit;
     insert into orders values (1)`,
  );
  await expect(reading.until(() => reading.changes.length > 0)).rejects.toThrow(
    'table public.orders was dropped and made again',
  );
  await reading.kill();
  expect(await database.query('select reason from tidings.incident')).toEqual([
    { reason: 'publication-changed' },
  ]);
});

test('tables that changed names for a while are told apart by what they are', async () => {
  await database.query('create table "Order Lines" (id int primary key, note text)');
  await setUpTables(database, orders, lines);
  const swap = `alter table orders rename to x; alter table "Order Lines" rename to orders;
     alter table x rename to "Order Lines";`;
  await database.query(
    `insert into orders values (1); ${swap} insert into orders values (7);
     insert into "Order Lines" values (2); ${swap} insert into orders values (3)`,
  );
  expect(await toldChanges(database, [orders, lines], 4)).toMatchObject([
    { table: 'public.orders', keys: { id: 1 } },
    { table: 'public."Order Lines"', keys: { id: 7 } },
    { table: 'public.orders', keys: { id: 2 } },
    { table: 'public.orders', keys: { id: 3 } },
  ]);
});

test('rows of children by INHERITS are rows of their table', async () => {
  await database.query(
    `create table child (extra int, primary key (id)) inherits (orders);
     create table grandchild (primary key (id)) inherits (child)`,
  );
  await setUpTables(database, orders);
  await database.query(
    `insert into orders values (1, 'a'); insert into child values (2, 'b', 5);
     insert into grandchild values (3, 'c', 6); update orders set note = 'x' where id > 1;
     delete from orders where id = 3`,
  );
  expect(await toldChanges(database, [orders], 6)).toMatchObject([
    { kind: 'insert', table: 'public.orders', now: { id: 1, note: 'a' } },
    { kind: 'insert', table: 'public.orders', keys: { id: 2 }, now: { id: 2, note: 'b' } },
    { kind: 'insert', table: 'public.orders', now: { id: 3, note: 'c' } },
    { kind: 'modify', table: 'public.orders', now: { id: 2, note: 'x' } },
    { kind: 'modify', table: 'public.orders', now: { id: 3, note: 'x' } },
    { kind: 'remove', table: 'public.orders', keys: { id: 3 } },
  ]);
});

test('a child without a key of its own is refused with the statement', async () => {
  await database.query('create table child () inherits (orders)');
  const statement = 'ALTER TABLE public.child REPLICA IDENTITY FULL';
  await expect(setUpTables(database, orders)).rejects.toThrow(
    `table public.orders has no replica identity, and everybody's UPDATE and DELETE fails while the publication publishes them; run ${statement}`,
  );
  await database.query(statement);
  await setUpTables(database, orders);
});

test('a child that is made under way is a loss, and is published from its recovery on', async () => {
  await setUpTables(database, orders);
  const reading = readSource(sourceOf(database, [orders]));
  await reading.logged('streaming');
  await database.query(
    'create table "A child" (primary key (id)) inherits (orders); insert into "A child" values (1)',
  );
  const statement = 'ALTER PUBLICATION "tidings_tables" ADD TABLE public."A child"';
  await expect(reading.until(() => reading.changes.length > 0)).rejects.toThrow(
    `publication "tidings_tables" does not publish public."A child"; run ${statement}`,
  );
  await reading.kill();
  // What it had by then is not in the stream, whoever puts it into the publication.
  await database.query(statement);
  await expect(toldChanges(database, [orders], 1)).rejects.toThrow(
    'table public."A child" was put into the publication, and had rows by then',
  );
  const { insert } = tellEverything();
  const again = captureTable({
    table: 'orders',
    schema: z.looseObject({}),
    insert,
    snapshot: insert,
  });
  const healed = readSource(sourceOf(database, [again], { onSlotLoss: 'snapshot' }));
  healed.confirmAlways();
  await healed.until(() => healed.changes.length === 1);
  await healed.logged('the slot is healed');
  await database.query('insert into "A child" values (2); insert into orders values (3)');
  await healed.until(() => healed.changes.length === 3);
  await healed.kill();
  expect(healed.changes.map(({ kind, now }) => [kind, now?.id])).toEqual([
    ['snapshot', '1'],
    ['insert', '2'],
    ['insert', '3'],
  ]);
});

test('set-up puts children into the publication that came after it, and forgives no loss by it', async () => {
  await setUpTables(database, orders);
  await database.query('create table child (primary key (id)) inherits (orders)');
  await setUpTables(database, orders);
  await database.query('insert into child values (1)');
  expect(await toldChanges(database, [orders], 1)).toMatchObject([{ keys: { id: 1 } }]);
  // A table that is captured from now on brings its children, whatever is in them.
  await database.query(
    `create table "Order Lines" (id int primary key);
     create table line (primary key (id)) inherits ("Order Lines"); insert into line values (1);
     create table late (primary key (id)) inherits (orders)`,
  );
  await setUpTables(database, orders, lines);
  await database.query('insert into line values (2); insert into late values (3)');
  expect(await toldChanges(database, [orders, lines], 3)).toMatchObject([
    { keys: { id: 1 } },
    { table: 'public."Order Lines"', keys: { id: 2 } },
    { table: 'public.orders', keys: { id: 3 } },
  ]);
  await database.query(
    `create table later (primary key (id)) inherits (orders); insert into later values (4)`,
  );
  await setUpTables(database, orders, lines);
  await expect(toldChanges(database, [orders, lines], 4)).rejects.toThrow(
    'table public.later was put into',
  );
});
