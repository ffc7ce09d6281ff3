import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import {
  type CapturedTable,
  captureTable,
  setUpTableCapture,
  tableSource,
} from '@tidings/postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { postgresMajor } from '../../support/postgres-major.ts';
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

const nothing = (): undefined => undefined;
const mapping = { table: 'orders', schema: z.looseObject({}) };
const inserts = captureTable({ ...mapping, insert: nothing });
const updates = captureTable({ ...mapping, modify: nothing });
const newImages = captureTable({ ...mapping, images: 'new', modify: nothing, remove: nothing });

const setUp = (...tables: readonly CapturedTable[]) =>
  setUpTableCapture({ connection: database.url, slot: database.slot, tables });

async function refusal(...tables: readonly CapturedTable[]): Promise<string> {
  const source = tableSource({ connection: database.url, slot: database.slot, tables });
  try {
    await source.verify();
  } catch (error) {
    expect((error as Error).name).toBe('ConfigurationError');
    return (error as Error).message;
  } finally {
    await source.close();
  }
  return 'accepted';
}

test('set-up makes schema, publication and slot once, and may run again', async () => {
  await database.query('create table orders (id int primary key)');
  const runs = await Promise.all([setUp(newImages), setUp(newImages)]);
  expect(runs.map((each) => each.slotCreated).toSorted()).toEqual([false, true]);
  expect(runs.map((each) => each.publicationCreated).toSorted()).toEqual([false, true]);
  expect(
    await database.query(
      `select pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot from pg_publication`,
    ),
  ).toEqual([
    { pubinsert: false, pubupdate: true, pubdelete: true, pubtruncate: true, pubviaroot: true },
  ]);
  expect(await refusal(newImages)).toBe('accepted');
});

test('an old row that Postgres does not send is refused with the statement, which helps', async () => {
  await database.query('create table orders (id int primary key)');
  const statement = 'ALTER TABLE public.orders REPLICA IDENTITY FULL';
  await expect(setUp(updates)).rejects.toThrow(`which Postgres does not send; run ${statement}`);
  expect(await database.query('select from pg_publication')).toEqual([]);
  await database.query(statement);
  await setUp(updates);
  expect(await refusal(updates)).toBe('accepted');
  await database.query('alter table orders replica identity default');
  expect(await refusal(updates)).toContain(`run ${statement}, or set images to 'new'`);
});

test('each partition without old rows is named', async () => {
  await database.query(
    `create table orders (id int primary key) partition by range (id);
     create table orders_1 partition of orders for values from (1) to (10);
     create table "Orders 2" partition of orders for values from (10) to (20);
     alter table orders replica identity full; alter table orders_1 replica identity full`,
  );
  await expect(setUp(updates)).rejects.toThrow(
    'run ALTER TABLE public."Orders 2" REPLICA IDENTITY FULL, or',
  );
});

test('a table without any replica identity is refused before it breaks its writers', async () => {
  await database.query('create table orders (id int)');
  await expect(setUp(newImages)).rejects.toThrow('table public.orders has no replica identity');
  await setUp(inserts);
  expect(await refusal(inserts)).toBe('accepted');
});

test('a table that does not exist, and one that is no table', async () => {
  await expect(setUp(inserts)).rejects.toThrow('table public.orders does not exist');
  await database.query('create view orders as select 1 as id');
  await expect(setUp(inserts)).rejects.toThrow('public.orders is a view');
  await database.query('drop view orders; create materialized view orders as select 1 as id');
  await expect(setUp(inserts)).rejects.toThrow('public.orders is a materialized view');
  await database.query('drop materialized view orders; create sequence orders');
  await expect(setUp(inserts)).rejects.toThrow('public.orders is no table; name a table');
});

test('rows that leave nothing in the log are refused with the statement, which helps', async () => {
  await database.query(
    `create foreign data wrapper nowhere; create server far foreign data wrapper nowhere;
     create table orders (id int) partition by range (id);
     create unlogged table "Orders 1" partition of orders for values from (1) to (10);
     create foreign table orders_2 partition of orders for values from (10) to (20) server far`,
  );
  const detaching = 'ALTER TABLE public.orders DETACH PARTITION public.orders_2';
  await expect(setUp(inserts)).rejects.toThrow(
    `rows of public.orders lie in public.orders_2, a foreign table, whose changes are not in the log of this server; run ${detaching}`,
  );
  await database.query(detaching);
  const logging = 'ALTER TABLE public."Orders 1" SET LOGGED';
  await expect(setUp(inserts)).rejects.toThrow(
    `public."Orders 1" is unlogged and so leaves nothing in the log; run ${logging}`,
  );
  await database.query(logging);
  await setUp(inserts);
  const lost = captureTable({ ...mapping, table: 'heirs', insert: nothing });
  await database.query(
    `create table heirs (id int primary key);
     create foreign table "A b" () inherits (heirs) server far`,
  );
  const parting = 'ALTER TABLE public."A b" NO INHERIT public.heirs';
  await expect(setUp(lost)).rejects.toThrow(`run ${parting}`);
  await database.query(parting);
  await setUp(lost);
});

test('a partition is captured under its root, or alone', async () => {
  await database.query(
    `create table orders (id int primary key) partition by range (id);
     create table orders_1 partition of orders for values from (1) to (10)`,
  );
  const part = captureTable({ ...mapping, table: 'orders_1', insert: nothing });
  const sentence =
    'public.orders_1 is a partition of public.orders, under whose name its changes are ' +
    'published; capture public.orders alone';
  await expect(setUp(inserts, part)).rejects.toThrow(sentence);
  await setUp(part);
  expect(await refusal(part)).toBe('accepted');
  await setUp(inserts);
  await expect(setUp(part)).rejects.toThrow(sentence);
});

test('a publication without the table, or without an operation, is refused', async () => {
  await database.query(
    'create table orders (id int primary key); create table lines (id int primary key)',
  );
  await setUp(inserts);
  // As where publication and slot were made by hand; with a checkpoint it would be a loss.
  await database.query('delete from tidings.checkpoint');
  expect(await refusal(newImages)).toContain(
    'publication "tidings_tables" does not publish every update and delete and truncate; run ' +
      `ALTER PUBLICATION "tidings_tables" SET (publish = 'update, delete, truncate')`,
  );
  const lines = captureTable({ ...mapping, table: 'lines', insert: nothing });
  expect(await refusal(inserts, lines)).toContain('ADD TABLE public.lines');
});

test('partitions under their own names are refused', async () => {
  await database.query(
    `create table orders (id int primary key) partition by range (id);
     create publication tidings_tables for table orders with (publish = 'insert')`,
  );
  await expect(setUp(inserts)).rejects.toThrow(
    'run ALTER PUBLICATION "tidings_tables" SET (publish_via_partition_root = true)',
  );
});

test('a slot that is older than its publication is refused by the set-up', async () => {
  await database.query('create table orders (id int primary key)');
  await setUp(inserts);
  await database.query('drop publication tidings_tables');
  await expect(setUp(inserts)).rejects.toThrow(
    `is older than publication "tidings_tables" would be, so it could not decode its own past`,
  );
});
