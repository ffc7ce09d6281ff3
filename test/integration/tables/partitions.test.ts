import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { type CapturedTable, captureTable, type TableChange } from '@tidings/postgres';
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

function facts(images: 'new' | 'new-and-old'): CapturedTable {
  return captureTable({
    table: 'facts',
    schema: z.looseObject({}),
    images,
    ...tellEverything(),
  }) as CapturedTable;
}

/** Root and first partition send whole rows; one that is made later does not by itself. */
const table = `
  create table facts (id int primary key, v text, w text) partition by range (id);
  create table facts_1 partition of facts for values from (0) to (10);
  alter table facts replica identity full; alter table facts_1 replica identity full;`;
const laterPartition = 'create table "Facts 2" partition of facts for values from (10) to (20);';
const changeBoth = `
  insert into facts values (1, 'secret', null), (11, 'secret', null);
  update facts set w = 'x'; update facts set id = id + 1; delete from facts;`;

test('what a partition does not send is missing, and never null', async () => {
  await database.query(table);
  const tables = [facts('new-and-old')];
  await setUpTables(database, ...tables);
  const source = sourceOf(database, tables);
  const reading = readSource(source);
  await reading.logged('streaming');
  await database.query(`${laterPartition} ${changeBoth}`);
  await reading.until(() => reading.changes.length === 8);
  await reading.kill();
  const poison = expect.stringContaining('came without the row before it; run ALTER TABLE ');
  const told = reading.changes.map((change) => toldOf(source, change));
  expect(told).toMatchObject([
    { kind: 'insert', keys: { id: 1 } },
    { kind: 'insert', keys: { id: 11 } },
    {
      kind: 'modify',
      before: { id: 1, v: 'secret', w: null },
      now: { id: 1, v: 'secret', w: 'x' },
    },
    { poison },
    { kind: 'modify', before: { id: 1, v: 'secret', w: 'x' }, now: { id: 2, v: 'secret', w: 'x' } },
    { poison },
    { kind: 'remove', before: { id: 2, v: 'secret', w: 'x' } },
    { poison },
  ]);
  expect(imagesOf(reading.changes)).toEqual([
    [{ id: '1', v: 'secret', w: null }, undefined],
    [undefined, undefined],
    [{ id: '1', v: 'secret', w: 'x' }, undefined],
    [undefined, { id: '11' }],
    [{ id: '2', v: 'secret', w: 'x' }, undefined],
    [undefined, { id: '12' }],
  ]);
  // A start finds the partition, says what to run, and that is all it takes.
  const restarted = sourceOf(database, tables);
  const statement = 'ALTER TABLE public."Facts 2" REPLICA IDENTITY FULL';
  await expect(restarted.verify()).rejects.toThrow(
    `the mapping of public.facts reads the row as it was before, which Postgres does not send; run ${statement}, or`,
  );
  await restarted.close();
  await database.query(statement);
  expect((await toldChanges(database, tables, 8)).filter((each) => 'poison' in each)).toHaveLength(
    3,
  );
});

/** Old rows and old keys of updates and deletes. */
function imagesOf(changes: readonly TableChange[]): unknown[] {
  return changes
    .filter(({ kind }) => kind !== 'insert')
    .map(({ before, oldKey }) => [before, oldKey]);
}

test('a root that sends keys hides nothing of partitions that send whole rows', async () => {
  await database.query(
    `${table} ${laterPartition} alter table "Facts 2" replica identity full;
     alter table facts replica identity default; alter table facts alter v set storage external`,
  );
  const tables = [facts('new-and-old')];
  await setUpTables(database, ...tables);
  const large = 'x'.repeat(9_000);
  await database.query(
    `insert into facts values (1, '${large}'); update facts set w = 'x'; delete from facts`,
  );
  expect(await toldChanges(database, tables, 3)).toMatchObject([
    { kind: 'insert' },
    { kind: 'modify', before: { id: 1, v: large, w: null }, now: { id: 1, v: large, w: 'x' } },
    { kind: 'remove', before: { id: 1, v: large, w: 'x' } },
  ]);
});

test('an identity that changes under way counts from its change on, in each partition', async () => {
  await database.query(`${table} ${laterPartition} alter table "Facts 2" replica identity full`);
  const tables = [facts('new')];
  await setUpTables(database, ...tables);
  const reading = readSource(sourceOf(database, tables));
  await reading.logged('streaming');
  await database.query(
    `insert into facts values (1, 'a'), (11, 'b');
     update facts set v = 'c';
     alter table facts_1 replica identity default; alter table facts replica identity nothing;
     update facts set id = id + 1;
     alter table facts_1 replica identity full; alter table "Facts 2" alter v set not null;
     create unique index facts_key on "Facts 2" (v, id);
     alter table "Facts 2" replica identity using index facts_key;
     update facts set id = id + 1;
     update facts set v = null where id = 3;
     delete from facts`,
  );
  await reading.until(() => reading.changes.length === 11);
  await reading.kill();
  expect(imagesOf(reading.changes)).toEqual([
    [{ id: '1', v: 'a', w: null }, undefined],
    [{ id: '11', v: 'b', w: null }, undefined],
    [undefined, { id: '1' }],
    [{ id: '11', v: 'c', w: null }, undefined],
    [{ id: '2', v: 'c', w: null }, undefined],
    [undefined, { id: '12', v: 'c' }],
    // The other partition sends no more than this: either could have.
    [undefined, { id: '3', v: 'c' }],
    [{ id: '3', v: null, w: null }, undefined],
    [undefined, { id: '13', v: 'c' }],
  ]);
});

test('partitions of partitions, and such with columns in another order and with dropped ones', async () => {
  await database.query(
    `create table facts (id int, day date, v text, w text, primary key (id, day))
       partition by range (day);
     alter table facts drop w;
     create table facts_2 (gone int, v text, day date not null, more int, id int not null);
     alter table facts_2 drop gone; alter table facts_2 drop more;
     alter table facts attach partition facts_2 for values from ('2026-02-01') to ('2026-03-01');
     create table facts_1 partition of facts for values from ('2026-01-01') to ('2026-02-01')
       partition by list (id);
     create table facts_1_1 partition of facts_1 for values in (1, 2);
     alter table facts_1_1 replica identity full; alter table facts_2 replica identity full`,
  );
  const tables = [facts('new-and-old')];
  await setUpTables(database, ...tables);
  await database.query(
    `insert into facts values (1, '2026-01-05', 'a'), (1, '2026-02-05', 'b');
     update facts set v = v || '!'; delete from facts where id = 1`,
  );
  const a = { id: 1, day: '2026-01-05' };
  const b = { id: 1, day: '2026-02-05' };
  expect(await toldChanges(database, tables, 6)).toMatchObject([
    { kind: 'insert', keys: a, now: { ...a, v: 'a' } },
    { kind: 'insert', keys: b, now: { ...b, v: 'b' } },
    { kind: 'modify', keys: a, before: { ...a, v: 'a' }, now: { ...a, v: 'a!' } },
    { kind: 'modify', keys: b, before: { ...b, v: 'b' }, now: { ...b, v: 'b!' } },
    { kind: 'remove', keys: a, before: { ...a, v: 'a!' } },
    { kind: 'remove', keys: b, before: { ...b, v: 'b!' } },
  ]);
});

test('a partition that is gone by the time that it is read is told by what it sent', async () => {
  await database.query(table);
  const tables = [facts('new')];
  await setUpTables(database, ...tables);
  await database.query(
    `insert into facts values (1, 'a');
     ${laterPartition} insert into facts values (11, 'b');
     update facts set id = id + 1; drop table "Facts 2"`,
  );
  const reading = readSource(sourceOf(database, tables));
  await reading.until(() => reading.changes.length === 4);
  await reading.kill();
  expect(imagesOf(reading.changes)).toEqual([
    [{ id: '1', v: 'a', w: null }, undefined],
    [undefined, { id: '11' }],
  ]);
});
