import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import {
  captureTable,
  migrateOutbox,
  type OutboxRow,
  parseLsn,
  setUpTableCapture,
  type TableChange,
  tableSource,
  type WalSourceOptions,
  walSource,
} from '@tidings/postgres';
import type { ChangeSource, Position } from '@tidings/relay';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { postgresMajor } from '../../support/postgres-major.ts';
import { type Reading, readChanges } from '../../support/read-changes.ts';
import { createShopDatabase, type ShopDatabase } from '../../support/shop-database.ts';

let cluster: PostgresCluster;
let database: ShopDatabase;

beforeAll(async () => {
  cluster = await startPostgresCluster({ max_prepared_transactions: '5' }, postgresMajor());
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createShopDatabase(cluster);
});
afterEach(() => database.close());

const setUp = (): Promise<unknown> =>
  migrateOutbox({ connection: database.url, slot: database.slot });

function outbox(options: Partial<WalSourceOptions> = {}): ChangeSource<OutboxRow> {
  // Rare heartbeats: positions are those of the tests' own transactions.
  const { url: connection, slot } = database;
  return walSource({ connection, slot, heartbeatIntervalMs: 60_000, ...options });
}

const append = (id: string): string =>
  `select tidings.append('com.acme.orders', 'OrderPlaced', '{}', '${id}', event_id => '${id}');`;

const idsOf = ({ changes }: Reading<OutboxRow>): readonly string[] =>
  changes.map(({ eventId }) => eventId);
const has =
  (id: string) =>
  ({ changes }: Reading<OutboxRow>): boolean =>
    changes.some(({ eventId }) => eventId === id);
/** Where the transaction ends that a row belongs to; its end may come behind the row. */
const endOf =
  (id: string) =>
  ({ groups }: Reading<OutboxRow>): Position | undefined => {
    const at = groups.findIndex(({ records }) =>
      records.some(({ change }) => change.eventId === id),
    );
    return at === -1
      ? undefined
      : groups.slice(at).find(({ position }) => position !== undefined)?.position;
  };
const ended =
  (id: string) =>
  (reading: Reading<OutboxRow>): boolean =>
    endOf(id)(reading) !== undefined;

/** The part of a position that the server knows. */
const lsnOf = (position: string | undefined): string => position?.split('@').at(-1) ?? '';

test('a restart behind any commit loses none of its neighbours', async () => {
  await setUp();
  const ids = Array.from({ length: 8 }, (_, i) => `e${i}`);
  const clients = await Promise.all(ids.map(() => database.connect()));
  for (const [i, client] of clients.entries()) {
    await client.query(`begin; ${append(ids[i] as string)}`);
  }
  // Records of commits one behind the other: each begins where the one before it ends.
  for (const client of clients) await client.query('commit');
  const delivered: string[] = [];
  for (const id of ids) {
    const reading = await readChanges(outbox(), ended(id), endOf(id));
    delivered.push(idsOf(reading)[0] as string);
  }
  expect(delivered).toEqual(ids);
});

test('what is confirmed is where the commit ends, in the order of commits', async () => {
  await setUp();
  const early = await database.connect();
  await early.query(`begin; ${append('early')}`);
  await database.query(append('late'));
  await early.query('commit');
  await database.query(append('last'));
  // "early" was written before "late" and ends after it.
  const first = await readChanges(outbox(), ended('last'), endOf('late'));
  expect(idsOf(first)).toEqual(['late', 'early', 'last']);
  const lsns = first.positions.map((position) => parseLsn(lsnOf(position)));
  expect(lsns).toEqual(lsns.toSorted((a, b) => (a < b ? -1 : 1)));
  const [slot] = await database.query(
    'select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1',
    [database.slot],
  );
  expect(slot?.lsn).toBe(lsnOf(endOf('late')(first)));
  expect(idsOf(await readChanges(outbox(), 2))).toEqual(['early', 'last']);
});

test('rows beside a transaction that runs for long do not wait for it', async () => {
  await setUp();
  const long = await database.connect();
  await long.query(`begin; ${append('long')}`);
  const ids = Array.from({ length: 20 }, (_, i) => `e${i}`);
  for (const id of ids) await database.query(append(id));
  expect(idsOf(await readChanges(outbox(), ended('e19'), endOf('e19')))).toEqual(ids);
  await long.query('commit');
  expect(idsOf(await readChanges(outbox(), 1))).toEqual(['long']);
});

test('what is rolled back, whole or to a savepoint, is never seen; what is deleted again is', async () => {
  await setUp();
  await database.query(`begin; ${append('gone')} rollback`);
  await database.query(
    `begin; ${append('a')} savepoint s; ${append('undone')} rollback to s; ${append('b')}
     savepoint t; ${append('c')} release t; commit`,
  );
  await database.query(`begin; ${append('d')} delete from tidings.outbox; commit`);
  await database.query(
    `do $$ begin
       begin ${append('caught').replace('select', 'perform')} perform 1 / 0; exception when division_by_zero then null; end;
       ${append('e').replace('select', 'perform')}
     end $$`,
  );
  expect(await database.query('select event_id from tidings.outbox')).toEqual([{ event_id: 'e' }]);
  expect(idsOf(await readChanges(outbox(), has('e')))).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('a prepared transaction is seen when it is committed, and not before or otherwise', async () => {
  await setUp();
  const id = database.slot;
  await database.query(`begin; ${append('prepared')} prepare transaction '${id}-1'`);
  await database.query(`begin; ${append('refused')} prepare transaction '${id}-2'`);
  await database.query(append('plain'));
  expect(idsOf(await readChanges(outbox(), ended('plain'), endOf('plain')))).toEqual(['plain']);
  await database.query(`rollback prepared '${id}-2'`);
  await database.query(`commit prepared '${id}-1'`);
  await database.query(append('after'));
  expect(idsOf(await readChanges(outbox(), has('after')))).toEqual(['prepared', 'after']);
});

test('a large transaction comes in pieces, ends once, and begins again if it was not ended', async () => {
  await setUp();
  const count = 20_000;
  await database.query(
    `select tidings.append('com.acme.orders', 'OrderPlaced', to_json(repeat('x', 400)), 'k' || n,
       event_id => 'e' || n)
     from generate_series(1, ${count}) n`,
  );
  const part = await readChanges(outbox(), 1_000, ({ positions }) => positions.at(-1));
  expect(part.positions).toEqual([]);
  expect(part.changes.length).toBeLessThan(count);
  const whole = await readChanges(outbox(), ({ positions }) => positions.length > 0);
  const pieces = whole.groups.filter(({ records }) => records.length > 0);
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.slice(0, -1).every(({ position }) => position === undefined)).toBe(true);
  expect(idsOf(whole)).toEqual(Array.from({ length: count }, (_, i) => `e${i + 1}`));
});

test('rows of one COPY stand at one place in the log and are told apart', async () => {
  await database.query('create table samples (id int primary key)');
  const tables = [
    captureTable({
      table: 'samples',
      schema: z.object({ id: z.number() }),
      insert: () => undefined,
    }),
  ];
  const { url: connection, slot } = database;
  await setUpTableCapture({ connection, slot, tables });
  const [settings] = await database.query("select current_setting('data_directory') as folder");
  const file = `${settings?.folder}/${slot}.copy`;
  await database.query(`copy (select generate_series(1, 5000)) to '${file}'`);
  await database.query(`copy samples from '${file}'`);
  const places = await database.query(
    `select lsn::text, count(*)::int from pg_logical_slot_peek_binary_changes($1, null, null,
       'proto_version', '1', 'publication_names', 'tidings_tables')
     where get_byte(data, 0) = ascii('I') group by lsn having count(*) > 1`,
    [slot],
  );
  expect(places.length).toBeGreaterThan(0);
  const read = (): Promise<Reading<TableChange>> =>
    readChanges(tableSource({ connection, slot, tables }), 5_000);
  const { changes } = await read();
  expect(changes.map(({ now }) => Number(now?.id))).toEqual(
    Array.from({ length: 5_000 }, (_, i) => i + 1),
  );
  expect(new Set(changes.map(({ id }) => id)).size).toBe(5_000);
  expect((await read()).changes).toEqual(changes);
});

test('the outbox’s own UPDATE, DELETE and TRUNCATE succeed and are no events', async () => {
  await setUp();
  await database.query(
    `${append('a')} update tidings.outbox set trace_header = 'x'; ${append('b')}
     delete from tidings.outbox where event_id = 'a'`,
  );
  await database.query(`truncate tidings.outbox; ${append('c')}`);
  expect(idsOf(await readChanges(outbox(), has('c')))).toEqual(['a', 'b', 'c']);
});

test('partitions that are made, detached and dropped leave the stream whole', async () => {
  await setUp();
  const partition = (name: string, from: string, to: string): string =>
    `create table tidings.${name} partition of tidings.outbox for values from ('${from}') to ('${to}');`;
  await database.query(
    `${partition('old', '2020-01-01', '2020-01-02')} ${partition('older', '2019-01-01', '2019-01-02')}`,
  );
  const appendAt = (id: string, day: string): string =>
    append(id)
      .replace('(event_id,', '(appended_at, event_id,')
      .replace('values (', `values ('${day}', `);
  await database.query(
    `${appendAt('a', '2020-01-01')} ${appendAt('b', '2019-01-01')} ${append('c')}`,
  );
  await database.query(
    'drop table tidings.old; alter table tidings.outbox detach partition tidings.older',
  );
  await database.query(append('d'));
  expect(idsOf(await readChanges(outbox(), has('d')))).toEqual(['a', 'b', 'c', 'd']);
});

test('rows that were written while the outbox had another name are rows of the outbox', async () => {
  await setUp();
  await database.query(`${append('a')} create temp table template as select * from tidings.outbox`);
  const insert = (id: string, into: string): string =>
    `update template set id = id + 1, event_id = '${id}', transaction_id = pg_current_xact_id(),
       detail = jsonb_set(detail::jsonb, '{metadata,eventId}', '"${id}"')::json;
     insert into ${into} select * from template;`;
  await database.query(
    `alter table tidings.outbox rename to away; create schema other;
     alter table tidings.away set schema other; ${insert('b', 'other.away')}
     alter table other.away set schema tidings; alter table tidings.away rename to outbox;
     ${append('c')}`,
  );
  expect(idsOf(await readChanges(outbox(), has('c')))).toEqual(['a', 'b', 'c']);
});

test('names that need quotes name the publication that is meant', async () => {
  const publication = 'My "Pub", really';
  await migrateOutbox({ connection: database.url, slot: database.slot, publication });
  await database.query(append('a'));
  expect(idsOf(await readChanges(outbox({ publication }), 1))).toEqual(['a']);
});

test('rows that a subscription brought here are read like any', async () => {
  const origin = await createShopDatabase(cluster);
  const table = 'create table orders (id int primary key)';
  await origin.query(`${table}; create publication outward for table orders`);
  await origin.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [origin.slot]);
  await database.query(table);
  const tables = [
    captureTable({ table: 'orders', schema: z.looseObject({}), insert: () => undefined }),
  ];
  const { url: connection, slot } = database;
  await setUpTableCapture({ connection, slot, tables });
  await database.query(
    `create subscription inward connection '${origin.url}' publication outward
       with (create_slot = false, slot_name = '${origin.slot}', copy_data = false)`,
  );
  try {
    await origin.query('insert into orders values (1)');
    while ((await database.query('select from orders')).length === 0);
    await database.query('insert into orders values (2)');
    const { changes } = await readChanges(tableSource({ connection, slot, tables }), 2);
    expect(changes.map(({ now }) => now)).toEqual([{ id: '1' }, { id: '2' }]);
  } finally {
    await database.query('drop subscription inward');
    await origin.close();
  }
});
