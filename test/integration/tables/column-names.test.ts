import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { captureTable, type MappedTableChange } from '@tidings/postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { setUpTables, sourceOf } from '../../support/captured-changes.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readChanges } from '../../support/read-changes.ts';
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

const names = ['__proto__', 'constructor', 'toString', '2', '1', 'a.b', 'A b', 'a"b', '💶'];
const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`);
const values = Object.fromEntries(names.map((name, i) => [name, String(i)] as const));

test('columns of any name come, streamed and as a snapshot', async () => {
  const { insert } = tellEverything();
  const rows: unknown[] = [];
  const keys: object[] = [];
  // A schema that passes everything on: zod leaves out `__proto__` of itself.
  const schema = {
    '~standard': {
      version: 1 as const,
      vendor: 'tests',
      validate: (value: unknown) => ({ value }),
    },
  };
  const tell: typeof insert = (now, change) => {
    rows.push(now);
    keys.push(change.keys);
    return insert(now, change);
  };
  const modify = (now: unknown, _: unknown, change: MappedTableChange) => tell(now, change);
  const table = captureTable({ table: 'names', schema, insert: tell, modify, snapshot: tell });
  await database.query(
    `create table names (${quoted.map((name) => `${name} text`).join(', ')},
       primary key ("__proto__", constructor));
     alter table names replica identity full`,
  );
  await setUpTables(database, table);
  await database.query(
    `insert into names values (${names.map((_, i) => `'${i}'`).join(', ')});
     update names set "a.b" = 'x'; update names set "a.b" = '${values['a.b']}'`,
  );
  const streamed = sourceOf(database, [table]);
  const { changes } = await readChanges(streamed, 3);
  await database.query('select pg_drop_replication_slot($1)', [database.slot]);
  const snapshotted = sourceOf(database, [table], { onSlotLoss: 'snapshot' });
  const again = await readChanges(snapshotted, 1);
  const kept = JSON.parse(JSON.stringify(changes[0]));
  for (const [source, change] of [
    [streamed, changes[0]],
    [streamed, kept],
    [streamed, changes[2]],
    [snapshotted, again.changes[0]],
  ] as const) {
    source.capture(change);
    expect(Object.entries(rows.at(-1) as object).toSorted()).toEqual(
      Object.entries(values).toSorted(),
    );
    expect(Object.entries(keys.at(-1) as object)).toEqual([
      ['__proto__', '0'],
      ['constructor', '1'],
    ]);
  }
  expect(keys).toHaveLength(4);
});

test('an optional column that is not there does not read as what every object has', async () => {
  const schema = z.object({ id: z.number(), constructor: z.string().optional() });
  const table = captureTable({ table: 'plain', schema, insert: tellEverything().insert });
  await database.query('create table plain (id int primary key)');
  await setUpTables(database, table);
  await database.query('insert into plain values (1)');
  const source = sourceOf(database, [table]);
  const { changes } = await readChanges(source, 1);
  expect(source.capture(changes[0] as (typeof changes)[0])).toHaveLength(1);
});
