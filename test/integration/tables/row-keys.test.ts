import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { type CapturedTable, captureTable } from '@tidings/postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { setUpTables, sourceOf, toldChanges, toldOf } from '../../support/captured-changes.ts';
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
});
afterEach(() => database.close());

function orders(images: 'new' | 'new-and-old' = 'new'): CapturedTable {
  return captureTable({
    table: 'orders',
    schema: z.looseObject({}),
    images,
    ...tellEverything(),
  }) as CapturedTable;
}

test('a removed row whose replica identity is an index comes with the columns of the index', async () => {
  await database.query(
    `create table orders (id int primary key, code text not null unique, note text);
     alter table orders replica identity using index orders_code_key`,
  );
  await setUpTables(database, orders());
  await database.query(
    `insert into orders values (1, 'a', 'x'); update orders set code = 'b'; delete from orders`,
  );
  expect(await toldChanges(database, [orders()], 3)).toMatchObject([
    { kind: 'insert', keys: { id: 1 } },
    { kind: 'modify', keys: { id: 1 }, previousKeys: { code: 'a' } },
    { kind: 'remove', keys: { code: 'b' } },
  ]);
});

test('a table without a primary key has the columns of its identity as keys', async () => {
  await database.query(
    `create table orders (code text not null unique, note text);
     alter table orders replica identity using index orders_code_key`,
  );
  await setUpTables(database, orders());
  await database.query(`insert into orders values ('a', 'x'); delete from orders`);
  expect(await toldChanges(database, [orders()], 2)).toMatchObject([
    { kind: 'insert', keys: { code: 'a' } },
    { kind: 'remove', keys: { code: 'a' } },
  ]);
});

test.each([
  ['its primary key', 'default', 'new'],
  ['the whole row', 'full', 'new-and-old'],
  ['an index on other columns', 'using index orders_code_key', 'new'],
] as const)(
  'a primary key that is renamed while a table sends %s is told under each name',
  async (_, identity, images) => {
    await database.query(
      `create table orders (id int primary key, code text not null unique);
     alter table orders replica identity ${identity}`,
    );
    const tables = [orders(images)];
    await setUpTables(database, ...tables);
    await database.query(`insert into orders values (1, 'a'), (2, 'b')`);
    const source = sourceOf(database, tables);
    const reading = readSource(source);
    await reading.until(() => reading.changes.length === 2);
    await database.query(
      `delete from orders where id = 1; alter table orders rename id to "No";
     alter table orders rename code to id; delete from orders where "No" = 2`,
    );
    await reading.until(() => reading.changes.length === 4);
    await reading.kill();
    const told = reading.changes.map((change) => toldOf(source, change));
    const byIndex = identity.startsWith('using');
    expect(told).toMatchObject([
      { kind: 'insert', keys: { id: 1 } },
      { kind: 'insert', keys: { id: 2 } },
      { kind: 'remove', keys: byIndex ? { code: 'a' } : { id: 1 } },
      { kind: 'remove', keys: byIndex ? { id: 'b' } : { No: 2 } },
    ]);
    // A process that starts now finds the catalog as it is, and the log as it was.
    expect(await toldChanges(database, tables, 4)).toEqual(told);
  },
);

test('a key that nothing tells any more makes its change poison', async () => {
  await database.query(
    `create table orders (id int primary key, note text); alter table orders replica identity full`,
  );
  const tables = [orders('new-and-old')];
  await setUpTables(database, ...tables);
  await database.query(
    `insert into orders values (1, 'x');
     alter table orders drop id; alter table orders add "No" serial primary key;
     insert into orders values ('y')`,
  );
  expect(await toldChanges(database, tables, 2)).toMatchObject([
    { poison: expect.stringContaining('the primary key of public.orders has changed since') },
    { kind: 'insert', keys: { No: 2 } },
  ]);
});
