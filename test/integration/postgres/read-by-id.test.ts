import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { type OutboxRow, pollSource, replayOutbox } from '@tidings/postgres';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { appendRow } from '../../support/append-row.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readSource, type SourceReading } from '../../support/read-source.ts';
import { refusal } from '../../support/refusal.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
const clients: pg.Client[] = [];
const readings: SourceReading<OutboxRow>[] = [];

beforeAll(async () => {
  cluster = await startPostgresCluster({ wal_level: 'replica' }, postgresMajor());
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createOrdersDatabase(cluster, { without: 'slot' });
});
afterEach(async () => {
  for (const reading of readings.splice(0)) await reading.kill();
  for (const client of clients.splice(0)) await client.end();
  await database.close();
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client(database.url);
  await client.connect();
  clients.push(client);
  return client;
}

function startReading(connection = database.url): SourceReading<OutboxRow> {
  const source = pollSource({ connection, name: 'orders', minIntervalMs: 1, maxIntervalMs: 50 });
  const reading = readSource(source);
  readings.push(reading);
  return reading;
}

/** A publisher that accepts everything and remembers in which order it came. */
function listPublisher(): { publisher: never; published: string[] } {
  const published: string[] = [];
  const publisher = {
    publishSettled: async (events: readonly { idempotencyKey: string; eventId: string }[]) => {
      published.push(...events.map(({ idempotencyKey }) => idempotencyKey));
      return events.map(({ eventId }) => ({ status: 'accepted', eventId }));
    },
  };
  return { publisher: publisher as never, published };
}

const keysOf = (reading: SourceReading<OutboxRow>): string[] =>
  reading.changes.map((row) => row.idempotencyKey);

/** One key's rows 1, 2 and 3, the middle one of a younger transaction, far from the others. */
async function writeInterleaved(fillers: number): Promise<void> {
  const [early, late] = [await connect(), await connect()];
  await early.query('begin');
  await early.query('select pg_current_xact_id()');
  await early.query('select pg_current_xact_id()');
  const data = JSON.stringify('x'.repeat(10_000));
  for (let i = 0; i < fillers; i++) await appendRow(early, { key: `early-${i}`, data });
  await appendRow(late, { key: 'first', orderingKey: 'k' });
  await appendRow(early, { key: 'second', orderingKey: 'k' });
  await early.query('commit');
}

test('rows of a key come in order of id, 3 MiB of other rows between them', async () => {
  await writeInterleaved(300);
  const reading = startReading();
  await reading.until(() => reading.changes.length === 302);
  expect(keysOf(reading).slice(-2)).toEqual(['first', 'second']);
  const { publisher, published } = listPublisher();
  const events = { from: new Date(0), to: new Date(Date.now() + 60_000) };
  await replayOutbox({ connection: database.url, publisher, name: 'again', events });
  expect(published).toEqual(keysOf(reading));
  published.length = 0;
  const key = { orderingKey: 'k' };
  await replayOutbox({ connection: database.url, publisher, name: 'again', events: key });
  expect(published).toEqual(['first', 'second']);
});

test('a poller that stops within a backlog goes on where its confirmed pages end', async () => {
  const client = await connect();
  await client.query('begin');
  const data = JSON.stringify('x'.repeat(10_000));
  for (let i = 0; i < 600; i++) await appendRow(client, { key: `${i}`, data });
  await client.query('commit');
  const first = startReading();
  first.confirmAlways();
  await first.until(() => first.groupBytes.length >= 2);
  await first.kill();
  await first.confirm().catch(() => {});
  const seen = first.changes.length;
  expect(seen).toBeLessThan(600);
  const second = startReading();
  await second.until(() => keysOf(second).includes('599'));
  expect(second.changes.length).toBeLessThan(600);
  expect(new Set([...keysOf(first), ...keysOf(second)]).size).toBe(600);
  const order = keysOf(second).map(Number);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
});

test('ids are compared as numbers where they get another digit within a backlog', async () => {
  const client = await connect();
  await client.query(`select setval('tidings.outbox_id', 9600)`);
  await client.query('begin');
  for (let i = 0; i < 800; i++) await appendRow(client, { key: `${i}` });
  await client.query('commit');
  const reading = startReading();
  await reading.until(() => reading.changes.length === 800);
  expect(keysOf(reading)).toEqual(Array.from({ length: 800 }, (_, i) => `${i}`));
});

test('large rows are fetched a few at a time', async () => {
  const client = await connect();
  const data = JSON.stringify('x'.repeat(900_000));
  await appendRow(client, { key: 'small' });
  for (let i = 0; i < 40; i++) await appendRow(client, { key: `${i}`, data });
  const reading = startReading();
  await reading.until(() => reading.changes.length === 41);
  expect(Math.max(...reading.groupBytes)).toBeLessThan(2.5 * 1024 * 1024);
  expect(keysOf(reading)).toEqual(['small', ...Array.from({ length: 40 }, (_, i) => `${i}`)]);
});

test('a role whose rows are filtered is refused and not given fewer rows', async () => {
  await database.query(
    `do $$ begin
       if not exists (select from pg_roles where rolname = 'filtered') then
         create role filtered login password 'filtered';
       end if;
     end $$`,
  );
  await database.query(
    `grant usage on schema tidings to filtered;
     grant select on tidings.outbox to filtered;
     grant select, insert, update, delete on tidings.checkpoint to filtered;
     alter table tidings.outbox enable row level security`,
  );
  await appendRow(await connect(), { key: 'a', orderingKey: 'k' });
  const connection = database.url.replace('postgres:tidings@', 'filtered:filtered@');
  const poller = pollSource({ connection, name: 'orders' });
  expect(await refusal(poller.verify())).toContain('row level security would hide');
  expect(await refusal(poller.verify())).toContain('BYPASSRLS');
  await poller.close();
  const { publisher } = listPublisher();
  const events = { orderingKey: 'k' };
  const replay = replayOutbox({ connection, publisher, name: 'again', events });
  expect(await refusal(replay)).toContain('BYPASSRLS');
});
