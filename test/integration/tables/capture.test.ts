import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import type { LocalBus } from '@tidings/local';
import {
  type CapturedTable,
  captureTable,
  setUpTableCapture,
  type TableChange,
  tableSource,
} from '@tidings/postgres';
import type { ChangeSource } from '@tidings/relay';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readChanges } from '../../support/read-changes.ts';
import { type RowChanged, tellEverything } from '../../support/row-changed.ts';
import { runRelayFrom, startOrdersBus } from '../../support/running-relay.ts';
import { createShopDatabase, type ShopDatabase } from '../../support/shop-database.ts';

let cluster: PostgresCluster;
let database: ShopDatabase;
let bus: LocalBus;

beforeAll(async () => {
  cluster = await startPostgresCluster({ max_prepared_transactions: '5' }, postgresMajor());
  bus = await startOrdersBus();
});
afterAll(async () => {
  await bus.stop();
  await cluster.stop();
});
beforeEach(async () => {
  database = await createShopDatabase(cluster);
  bus.reset();
});
afterEach(() => database.close());

const anything = z.looseObject({});

async function setUp(...tables: readonly CapturedTable[]): Promise<void> {
  const { url: connection, slot } = database;
  await setUpTableCapture({ connection, slot, tables });
}

function source(...tables: readonly CapturedTable[]): ChangeSource<TableChange> {
  const { url: connection, slot } = database;
  return tableSource({ connection, slot, tables, heartbeatIntervalMs: 100 });
}

/** Reads changes and captures them; what is poison gives its reason. */
async function captured(
  tables: readonly CapturedTable[],
  count: number,
): Promise<readonly Record<string, unknown>[]> {
  const from = source(...tables);
  const { changes } = await readChanges(from, count);
  return changes.map((change) => {
    try {
      const [event] = from.capture(change);
      const { detail } = event as unknown as ReturnType<typeof RowChanged.create>;
      return { ...detail.data, metadata: detail.metadata };
    } catch (error) {
      return { poison: (error as Error).message };
    }
  });
}

test('inserts, updates and deletes reach the bus, typed by the schema, in commit order', async () => {
  await database.query(
    `create table orders (id int primary key, total numeric(10, 2), status text not null);
     alter table orders replica identity full`,
  );
  const orders = captureTable({
    table: 'orders',
    schema: z.object({ id: z.number(), total: z.string(), status: z.enum(['placed', 'shipped']) }),
    ...tellEverything(),
  });
  await setUp(orders);
  const running = runRelayFrom(source(orders), bus);
  await database.query(
    `insert into orders values (1, 18.9, 'placed');
     update orders set status = 'shipped' where id = 1`,
  );
  await database.query('delete from orders');
  const events = await bus.waitFor(3);
  await running.stop();
  expect(events.map(({ detail }) => JSON.parse(detail).data)).toMatchObject([
    { kind: 'insert', keys: { id: 1 }, now: { id: 1, total: '18.90', status: 'placed' } },
    { kind: 'modify', now: { status: 'shipped' }, before: { id: 1, status: 'placed' } },
    { kind: 'remove', keys: { id: 1 }, before: { id: 1, total: '18.90', status: 'shipped' } },
  ]);
});

test('a change that is delivered again gives the same event, commit time included', async () => {
  await database.query('create table orders (id int primary key)');
  const orders = captureTable({
    table: 'orders',
    schema: anything,
    images: 'new',
    ...tellEverything(),
  });
  await setUp(orders);
  await database.query('insert into orders select generate_series(1, 3)');
  await database.query('insert into orders values (4)');
  const [clock] = await database.query("select to_json(now()) #>> '{}' as now");
  const first = await captured([orders], 4);
  const again = await captured([orders], 4);
  expect(again).toEqual(first);
  const ids = first.map((each) => (each.metadata as { eventId: string }).eventId);
  expect(new Set(ids).size).toBe(4);
  const committedAt = first.map((each) => (each.metadata as { occurredAt: string }).occurredAt);
  expect(new Set(committedAt.slice(0, 3)).size).toBe(1);
  expect(Date.parse(committedAt[3] as string)).toBeLessThanOrEqual(
    Date.parse(clock?.now as string),
  );
  expect(Date.parse(committedAt[3] as string)).toBeGreaterThan(Date.now() - 60_000);
});

test('unchanged large values are taken from the old row', async () => {
  await database.query(
    `create table documents (id int primary key, title text, body text);
     alter table documents alter body set storage external;
     alter table documents replica identity full;`,
  );
  const documents = captureTable({ table: 'documents', schema: anything, ...tellEverything() });
  await setUp(documents);
  const body = 'x'.repeat(5_000);
  await database.query('insert into documents values (1, $1, $2)', ['old', body]);
  await database.query("update documents set title = 'new'");
  expect((await captured([documents], 2))[1]).toMatchObject({
    now: { id: 1, title: 'new', body },
    before: { id: 1, title: 'old', body },
  });
});

test('without the old row, a schema that names the large value makes the change poison', async () => {
  await database.query(
    `create table documents (id int primary key, title text, body text);
     alter table documents alter body set storage external`,
  );
  const mapping = { table: 'documents', images: 'new' as const, ...tellEverything() };
  const withBody = captureTable({
    ...mapping,
    schema: z.object({ id: z.number(), body: z.string().nullish() }),
  });
  const withoutBody = captureTable({ ...mapping, schema: z.object({ title: z.string() }) });
  await setUp(withBody);
  await database.query('insert into documents values (1, $1, $2)', ['old', 'x'.repeat(5_000)]);
  await database.query("update documents set title = 'new'");
  expect((await captured([withBody], 2))[1]).toEqual({
    poison: expect.stringContaining(
      'column body of public.documents is large, was not changed and was therefore not sent; run ' +
        'ALTER TABLE public.documents REPLICA IDENTITY FULL',
    ),
  });
  expect((await captured([withoutBody], 2))[1]).toMatchObject({ now: { title: 'new' } });
});

test('composite keys, keys that change, and removed rows known by their key alone', async () => {
  await database.query(
    `create table lines (tenant text, "No" int, qty int, note text, primary key ("No", tenant))`,
  );
  const lines = captureTable({
    table: 'lines',
    schema: anything,
    images: 'new',
    ...tellEverything(),
  });
  await setUp(lines);
  await database.query(
    `insert into lines values ('acme', 1, 5); update lines set qty = 6;
     update lines set "No" = 2; delete from lines`,
  );
  expect(await captured([lines], 4)).toMatchObject([
    { kind: 'insert', keys: { No: 1, tenant: 'acme' } },
    { kind: 'modify', keys: { No: 1, tenant: 'acme' }, now: { qty: 6 }, previousKeys: null },
    { kind: 'modify', keys: { No: 2 }, previousKeys: { No: 1, tenant: 'acme' } },
    { kind: 'remove', keys: { No: 2, tenant: 'acme' }, before: null },
  ]);
});

test('columns that are added, dropped, renamed and retyped are seen from the next change on', async () => {
  await database.query(
    'create table items (id int primary key, a text); alter table items replica identity full',
  );
  const items = captureTable({ table: 'items', schema: anything, ...tellEverything() });
  await setUp(items);
  const running = runRelayFrom(source(items), bus);
  await database.query("insert into items values (1, 'x')");
  await bus.waitFor(1);
  await database.query(
    `create type mood as enum ('sad', 'happy');
     alter table items add moods mood[] default '{happy,sad}';
     insert into items values (2, 'y')`,
  );
  await database.query(
    `alter table items drop a; insert into items values (3, '{sad}');
     alter table items rename moods to "Feelings"; update items set id = 4 where id = 3;
     alter table items alter id type text; insert into items values ('5', null)`,
  );
  const events = await bus.waitFor(5);
  await running.stop();
  // Events without an ordering key may overtake each other.
  const rows = events.map(({ detail }) => JSON.parse(detail).data.now as { id: unknown });
  expect(rows.toSorted((a, b) => Number(a.id) - Number(b.id))).toEqual([
    { id: 1, a: 'x' },
    { id: 2, a: 'y', moods: ['happy', 'sad'] },
    { id: 3, moods: ['sad'] },
    { id: 4, Feelings: ['sad'] },
    { id: '5', Feelings: null },
  ]);
  expect(running.log.map(({ message }) => message)).toContain(
    'the stream is down; connecting again',
  );
});

test('a value of a type that has been dropped since comes as text', async () => {
  await database.query('create table items (id int primary key)');
  const items = captureTable({
    table: 'items',
    schema: anything,
    insert: tellEverything().insert,
  });
  await setUp(items);
  await database.query(
    `create type mood as enum ('sad'); alter table items add moods mood[];
     insert into items values (1, '{sad}')`,
  );
  await database.query(
    'alter table items drop moods; drop type mood; insert into items values (2)',
  );
  expect((await captured([items], 2)).map(({ now }) => now)).toEqual([
    { id: 1, moods: '{sad}' },
    { id: 2 },
  ]);
});

test('quoted names, several tables of one transaction, tables that nobody captures', async () => {
  await database.query(
    `create schema "My Shop"; create table "My Shop"."Order Lines" ("Line Id" int primary key);
     create table orders (id int primary key); create table other (id int primary key)`,
  );
  const mapping = { schema: anything, images: 'new' as const, ...tellEverything() };
  const lines = captureTable({ table: '"My Shop"."Order Lines"', ...mapping });
  const orders = captureTable({ table: 'ORDERS', ...mapping });
  await setUp(lines, orders);
  await database.query(
    `begin; insert into orders values (1); insert into other values (1);
     insert into "My Shop"."Order Lines" values (7); insert into orders values (2); commit`,
  );
  const changes = await captured([lines, orders], 3);
  expect(changes).toMatchObject([
    { table: 'public.orders', now: { id: 1 } },
    { table: '"My Shop"."Order Lines"', keys: { 'Line Id': 7 } },
    { table: 'public.orders', now: { id: 2 } },
  ]);
});

test('partitions come under the name of their table, also after they were made or dropped', async () => {
  await database.query(
    `create table facts (id int, day date, primary key (id, day)) partition by range (day);
     create table facts_1 partition of facts for values from ('2026-01-01') to ('2026-02-01')`,
  );
  const facts = captureTable({
    table: 'facts',
    schema: anything,
    images: 'new',
    ...tellEverything(),
  });
  await setUp(facts);
  await database.query(
    `insert into facts values (1, '2026-01-15');
     create table facts_2 partition of facts for values from ('2026-02-01') to ('2026-03-01');
     insert into facts values (2, '2026-02-15');
     update facts set day = '2026-02-16' where id = 1;
     drop table facts_1`,
  );
  // A row that moves to another partition is a removal and an insert to Postgres.
  expect(await captured([facts], 4)).toMatchObject([
    { kind: 'insert', table: 'public.facts', now: { id: 1, day: '2026-01-15' } },
    { kind: 'insert', now: { id: 2 } },
    { kind: 'remove', keys: { id: 1, day: '2026-01-15' } },
    { kind: 'insert', keys: { id: 1, day: '2026-02-16' } },
  ]);
});

test('a TRUNCATE is poison where removals are mapped, and nothing elsewhere', async () => {
  await database.query(
    'create table orders (id int primary key); create table lines (id int primary key)',
  );
  const mapping = { schema: anything, images: 'new' as const };
  const orders = captureTable({ table: 'orders', ...mapping, ...tellEverything() });
  const lines = captureTable({ table: 'lines', ...mapping, insert: tellEverything().insert });
  await setUp(orders, lines);
  await database.query('truncate lines; insert into lines values (1); truncate orders');
  const from = source(orders, lines);
  const { changes } = await readChanges(from, 3);
  expect(changes.map(({ kind, table }) => `${kind} ${table}`)).toEqual([
    'truncate public.lines',
    'insert public.lines',
    'truncate public.orders',
  ]);
  expect(changes.slice(0, 2).map((change) => from.capture(change).length)).toEqual([0, 1]);
  expect(() => from.capture(changes[2] as TableChange)).toThrow(
    'TRUNCATE of public.orders removed rows that nobody can tell of one by one',
  );
});

test('a change from before the table sent old rows is poison with the statement', async () => {
  await database.query('create table orders (id int primary key)');
  const images = captureTable({
    table: 'orders',
    schema: anything,
    images: 'new',
    ...tellEverything(),
  });
  const orders = captureTable({ table: 'orders', schema: anything, ...tellEverything() });
  await setUp(images);
  await database.query(
    `insert into orders values (1); update orders set id = 2;
     alter table orders replica identity full; update orders set id = 3`,
  );
  const changes = await captured([orders], 3);
  expect(changes[1]?.poison).toContain('run ALTER TABLE public.orders REPLICA IDENTITY FULL');
  expect(changes[2]).toMatchObject({ kind: 'modify', now: { id: 3 }, before: { id: 2 } });
});
