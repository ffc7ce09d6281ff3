import { defineEvent } from '@tidings/contract';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import type { LocalBus } from '@tidings/local';
import { type DebeziumSourceOptions, debeziumSource, setUpDebeziumOutbox } from '@tidings/postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { postgresMajor } from '../../support/postgres-major.ts';
import { type RunningRelay, runRelayFrom, startOrdersBus } from '../../support/running-relay.ts';
import { createShopDatabase, type ShopDatabase } from '../../support/shop-database.ts';

let cluster: PostgresCluster;
let database: ShopDatabase;
let bus: LocalBus;

beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
  bus = await startOrdersBus();
});
afterAll(async () => {
  await bus.stop();
  await cluster.stop();
});
beforeEach(async () => {
  database = await createShopDatabase(cluster);
  bus.reset();
  // As Debezium's documentation has it.
  await database.query(
    `create table outbox (
       id uuid primary key, aggregatetype varchar(255) not null, aggregateid varchar(255) not null,
       type varchar(255) not null, payload jsonb, tracingspancontext text, tenant text)`,
  );
});
afterEach(() => database.close());

const setUp = (): Promise<unknown> =>
  setUpDebeziumOutbox({ connection: database.url, slot: database.slot, table: 'outbox' });

function start(options: Partial<DebeziumSourceOptions> = {}): RunningRelay {
  const source = debeziumSource({
    connection: database.url,
    slot: database.slot,
    table: 'public.outbox',
    event: { source: 'com.acme.orders' },
    heartbeatIntervalMs: 50,
    ...options,
  });
  return runRelayFrom(source, bus);
}

const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** An insert as a service that publishes through Debezium does it. */
const append = (n: number, payload = `{"n": ${n}}`): string =>
  `insert into outbox values ('${idOf(n)}', 'order', 'order-${n}', 'OrderPlaced', '${payload}',
     'trace-${n}', 'acme');`;

test('rows become events by the defaults: id, type, aggregate, and the payload as it stands', async () => {
  await setUp();
  const relay = start({
    event: {
      source: 'com.acme.orders',
      metadata: ({ extra }) => ({ correlationId: `${extra.tenant}:${extra.tracingspancontext}` }),
    },
  });
  await database.query(append(1, '{"total": 12345678901234567890.10, "text": "é\\u0041"}'));
  const [event] = await bus.waitFor(1);
  await relay.stop();
  expect(event).toMatchObject({
    source: 'com.acme.orders',
    detailType: 'OrderPlaced',
    eventId: idOf(1),
    idempotencyKey: idOf(1),
  });
  // jsonb has written it anew; nothing after it has.
  expect(event?.detail).toContain('"data":{"text": "éA", "total": 12345678901234567890.10}}');
  expect(JSON.parse(event?.detail ?? '').metadata).toEqual({
    eventId: idOf(1),
    version: '1.0',
    idempotencyKey: idOf(1),
    occurredAt: expect.stringMatching(/^20\d\d-.*\.\d{3}Z$/),
    correlationId: 'acme:trace-1',
    orderingKey: 'order-1',
  });
});

test('a row that its own transaction deletes again is an event, one that is rolled back is none', async () => {
  await setUp();
  const relay = start();
  await database.query(`begin; ${append(1)} delete from outbox; commit`);
  await database.query(`begin; ${append(2)} rollback`);
  await database.query(`begin; ${append(3)} savepoint s; ${append(4)} rollback to s; commit`);
  await database.query("update outbox set tenant = 'other'");
  await database.query(append(5));
  await bus.waitFor(3);
  await relay.stop();
  expect(bus.events.map(({ eventId }) => eventId)).toEqual([idOf(1), idOf(3), idOf(5)]);
});

test('a connector is relieved: its slot and publication go on where it stood', async () => {
  await database.query('create publication dbz_publication for all tables');
  await database.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [
    database.slot,
  ]);
  await database.query(append(1));
  // What the connector had confirmed when it was stopped.
  await database.query('select pg_replication_slot_advance($1, pg_current_wal_lsn())', [
    database.slot,
  ]);
  await database.query(append(2));
  const report = await setUpDebeziumOutbox({
    connection: database.url,
    slot: database.slot,
    publication: 'dbz_publication',
    table: 'outbox',
  });
  expect(report).toEqual({ publicationCreated: false, slotCreated: false, tablesAdded: [] });
  const relay = start({ publication: 'dbz_publication' });
  await database.query(append(3));
  await bus.waitFor(2);
  await relay.stop();
  expect(bus.events.map(({ eventId }) => eventId)).toEqual([idOf(2), idOf(3)]);
});

const OrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  version: '2.0',
  data: z.object({ n: z.number() }),
  idempotencyKey: (order) => `order-${order.n}`,
});

test('a function maps through contracts; its events take their ids from the row', async () => {
  await setUp();
  const relay = start({
    event: ({ type, payload }) =>
      type === 'OrderPlaced'
        ? [JSON.parse(payload ?? ''), { n: 7 }].map((data) => OrderPlaced.create(data))
        : undefined,
  });
  await database.query(append(1));
  await bus.waitFor(2);
  await relay.stop();
  expect(bus.events.map(({ eventId, idempotencyKey }) => [eventId, idempotencyKey])).toEqual([
    [idOf(1), 'order-1'],
    [`${idOf(1)}-2`, 'order-7'],
  ]);
});

test('columns of other names, payloads as text; one that is no JSON is poison', async () => {
  await database.query(
    'create schema shop; create table shop."Events" (event_id text primary key, kind text, ' +
      'name text, key text, body text)',
  );
  const columns = {
    id: 'event_id',
    aggregateType: 'kind',
    aggregateId: 'key',
    type: 'name',
    payload: 'body',
  };
  const table = 'shop."Events"';
  await setUpDebeziumOutbox({ connection: database.url, slot: database.slot, table });
  const options = {
    connection: database.url,
    slot: database.slot,
    table,
    event: { source: 'com.acme.orders' },
  };
  await expect(debeziumSource(options).verify()).rejects.toThrow(
    'table shop."Events" has no column "id"; name the one that it has in columns.id',
  );
  const relay = runRelayFrom(debeziumSource({ ...options, columns }), bus);
  await database.query(
    `insert into shop."Events" values ('e1', 'order', 'OrderPlaced', 'o1', '{"n": 1}')`,
  );
  await bus.waitFor(1);
  await database.query(
    `insert into shop."Events" values ('e2', 'order', 'OrderPlaced', 'o1', '1},"x":{')`,
  );
  await expect(relay.ended).rejects.toThrow('the payload of outbox row e2 is not JSON');
  expect(bus.events.map(({ eventId }) => eventId)).toEqual(['e1']);
});

async function incidents(): Promise<readonly Record<string, unknown>[]> {
  return database.query(
    'select reason, republished, closed_at is not null as closed from tidings.incident',
  );
}

test('a lost slot halts by default, with an incident', async () => {
  await setUp();
  const relay = start();
  await relay.logged('streaming');
  await relay.stop();
  await database.query('select pg_drop_replication_slot($1)', [database.slot]);
  await database.query(append(1));
  await expect(start().ended).rejects.toThrow('has been dropped');
  expect(await incidents()).toEqual([{ reason: 'dropped', republished: null, closed: false }]);
  expect(bus.events).toEqual([]);
});

test('heal publishes again what no bookmark covers, rows of savepoints included', async () => {
  await setUp();
  const relay = start({ onSlotLoss: 'heal' });
  for (let n = 1; n <= 50; n++) await database.query(append(n));
  await bus.waitFor(50);
  const long = await database.connect();
  // Its row is written by a subtransaction, which no snapshot lists as running.
  await long.query(`begin; select pg_current_xact_id(); savepoint s; ${append(100)}`);
  await database.query(append(51));
  await bookmarkBeyond(idOf(51));
  await relay.stop();
  await long.query('commit');
  await database.query('select pg_drop_replication_slot($1)', [database.slot]);
  await database.query(append(101));
  const published = bus.events.length;
  expect(published).toBe(51);
  const healed = start({ onSlotLoss: 'heal' });
  await bus.waitFor(({ eventId }) => eventId === idOf(101));
  await database.query(append(102));
  await bus.waitFor(({ eventId }) => eventId === idOf(102));
  await healed.stop();
  const again = bus.events.slice(published).map(({ eventId }) => eventId);
  // 51 is younger than the transaction that ran: it comes twice, under its own id.
  expect(again).toEqual([idOf(100), idOf(51), idOf(101), idOf(102)]);
  expect(await incidents()).toEqual([{ reason: 'dropped', republished: '3', closed: true }]);
});

test('a column to order by that the table does not have is refused', async () => {
  await setUp();
  await expect(start({ orderBy: 'seq' }).ended).rejects.toThrow(
    'table public.outbox has no column "seq"; name in orderBy one that it has',
  );
});

/** Waits until a bookmark was taken after the row had been committed. */
async function bookmarkBeyond(id: string): Promise<void> {
  for (;;) {
    const [row] = await database.query(
      `select pg_visible_in_snapshot(o.xmin::text::xid8, c.bookmark) as covered
       from tidings.checkpoint c, outbox o where c.bookmark is not null and o.id = $1`,
      [id],
    );
    if (row?.covered === true) return;
  }
}
