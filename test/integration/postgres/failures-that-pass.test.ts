import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import type { LocalBus } from '@tidings/local';
import { pollSource, replayOutbox, walSource } from '@tidings/postgres';
import { eventBridgePublisher } from '@tidings/publisher';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientConfigOf } from '../../../packages/postgres/src/connection-config.ts';
import {
  asRefusal,
  connectionFailureOf,
} from '../../../packages/postgres/src/connection-failure.ts';
import { openClient } from '../../../packages/postgres/src/open-client.ts';
import { appendRow } from '../../support/append-row.ts';
import { eventually } from '../../support/eventually.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { runRelayFrom, startOrdersBus } from '../../support/running-relay.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
let bus: LocalBus;
let other: pg.Client;

beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
  database = await createOrdersDatabase(cluster);
  bus = await startOrdersBus();
  other = new pg.Client(database.url);
  await other.connect();
});
afterAll(async () => {
  await other?.end();
  await bus?.stop();
  await cluster?.stop();
});

/** What a statement of Tidings fails with; nothing where it does not. */
async function failureOf(statement: string, url = database.url): Promise<unknown> {
  try {
    const client = await openClient(clientConfigOf(url));
    try {
      await client.query(statement);
    } finally {
      await client.end().catch(() => {});
    }
  } catch (error) {
    return error;
  }
  return undefined;
}

const raise = (state: string): string =>
  `do $$ begin raise exception 'as it says' using errcode = '${state}'; end $$`;

test.each([
  ...['57P01', '57P02', '57P03', '57P04', '57P05', '08000', '08006', '08P01', '53300'].map(
    (state) => [state, 'lost'] as const,
  ),
  ...['57014', '25P03', '25P04', '25006', '55P03', '55000', '53100', '53200', '53400'].map(
    (state) => [state, 'transient'] as const,
  ),
  ...['40001', '40P01', '54000', '58030', '58P01', 'XX000', 'XX001', '28000', '0A000'].map(
    (state) => [state, 'transient'] as const,
  ),
  ...['23505', 'P0001', '99999', 'F0001', 'HV000', '72000'].map(
    (state) => [state, 'transient'] as const,
  ),
  ['55006', 'slot-in-use'] as const,
  ...['28P01', '3D000', '3F000', '42501', '42P01', '42883', '42601', '22023'].map(
    (state) => [state, 'refused'] as const,
  ),
])('SQLSTATE %s is %s', async (state, kind) => {
  const error = await failureOf(raise(state));
  expect(error).toMatchObject({ code: state });
  expect(connectionFailureOf(error).kind).toBe(kind);
  const refusal = asRefusal('db.example:5432/shop', error);
  expect(refusal).toMatchObject({ name: 'ConfigurationError' });
  expect((refusal as Error).message).toMatch(/^[^\n]*as it says[^\n]*; [^\n]+$/);
});

test('a connection that ends without a word of the server is lost, wherever it ends', async () => {
  const refused = await failureOf('', 'postgres://u:p@127.0.0.1:1/shop');
  expect(connectionFailureOf(refused).kind).toBe('lost');
  const unknown = await failureOf('', 'postgres://u:p@nowhere.invalid/shop');
  expect(connectionFailureOf(unknown).kind).toBe('lost');
  const plain = await failureOf('', `${database.url}?sslmode=no-verify`);
  expect(connectionFailureOf(plain).kind).toBe('lost');
  expect(asRefusal('h', plain)).toMatchObject({ message: expect.stringContaining('SSL') });
  const client = await openClient({ ...clientConfigOf(database.url), query_timeout: 50 });
  const slow = await client.query('select pg_sleep(1)').catch((error: unknown) => error);
  expect(connectionFailureOf(slow).kind).toBe('lost');
  await client.end();
  const ended = await client.query('select 1').catch((error: unknown) => error);
  expect(connectionFailureOf(ended).kind).toBe('lost');
});

test('a password that a function gives may be right the next time; one that is fixed is not', async () => {
  const fixed = await failureOf('', database.url.replace(':tidings@', ':old@'));
  expect(connectionFailureOf(fixed).kind).toBe('refused');
  const { host, port, database: name } = clientConfigOf(database.url);
  const passwords = ['old', new Error('no token now'), 'tidings'];
  const config = clientConfigOf({
    ...{ host, port, database: name, user: 'postgres' },
    async password() {
      const next = passwords.shift();
      if (next instanceof Error) throw next;
      return next as string;
    },
  });
  for (const reason of ['password authentication failed', 'no token now']) {
    const error = await openClient(config).catch((thrown: unknown) => thrown);
    expect(connectionFailureOf(error).kind).toBe('lost');
    expect((error as Error).message).toContain(reason);
  }
  await (await openClient(config)).end();
});

test('a defect is neither', () => {
  expect(connectionFailureOf(new TypeError('x is not a function')).kind).toBe('unknown');
  expect(connectionFailureOf(undefined).kind).toBe('unknown');
});

/** Backends of Tidings that wait for a lock; cancels what they are at. */
async function cancelWaiting(name: string): Promise<number> {
  // In a transaction pg_stat_activity would stand still.
  const rows = await database.query(
    `select pg_cancel_backend(pid) from pg_stat_activity
     where application_name like $1 and wait_event_type = 'Lock' and datname = current_database()`,
    [`${name}%`],
  );
  return rows.length;
}

test('statements that somebody cancels end neither a relay nor a poller', async () => {
  const sources = {
    [`tidings ${database.slot}`]: walSource({
      connection: database.url,
      slot: database.slot,
      heartbeatIntervalMs: 50,
    }),
    'tidings poll orders': pollSource({ connection: database.url, name: 'orders' }),
  };
  for (const [index, [name, source]] of Object.entries(sources).entries()) {
    const relay = runRelayFrom(source, bus);
    try {
      await appendRow(other, { key: `${index}-before` });
      await bus.waitFor(({ eventId }) => eventId === `${index}-before`);
      await other.query('begin; lock table tidings.checkpoint, tidings.outbox');
      for (let cancelled = 0; cancelled < 3; ) {
        cancelled += await cancelWaiting(name);
        await new Promise(setImmediate);
      }
      await other.query('commit');
      await appendRow(other, { key: `${index}-after` });
      await bus.waitFor(({ eventId }) => eventId === `${index}-after`);
    } finally {
      await other.query('rollback');
      await relay.stop();
    }
    expect(relay.log.filter(({ level }) => level === 'warn')).not.toEqual([]);
  }
});

test('a database that may not be written to for a while ends neither a relay nor a poller', async () => {
  const connection = database.url;
  for (const [index, source] of [
    walSource({ connection, slot: database.slot, heartbeatIntervalMs: 50 }),
    pollSource({ connection, name: 'orders' }),
  ].entries()) {
    const readOnly = `alter database "${database.slot}" set default_transaction_read_only`;
    const relay = runRelayFrom(source, bus);
    try {
      await appendRow(other, { key: `${index}-writable` });
      await bus.waitFor(({ eventId }) => eventId === `${index}-writable`);
      await other.query(`${readOnly} = on`);
      await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name like 'tidings %' and datname = current_database()`,
      );
      await appendRow(other, { key: `${index}-read-only` });
      await eventually(() =>
        relay.log.some(({ fields: { reason } }) => String(reason).includes('25006')),
      ).toBe(true);
      await other.query(`${readOnly} = off`);
      await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name like 'tidings %' and datname = current_database()`,
      );
      await appendRow(other, { key: `${index}-again` });
      await bus.waitFor(({ eventId }) => eventId === `${index}-again`);
    } finally {
      await relay.stop();
    }
  }
});

test('a replay that is cut off and cancelled goes on where it stood, and publishes nothing twice', async () => {
  await other.query(
    `insert into tidings.outbox (event_id, source, detail_type, detail, occurred_at,
       idempotency_key, ordering_key)
     select key, 'com.acme.orders', 'OrderPlaced', format(
              '{"metadata":{"eventId":"%1$s","version":"1.0","idempotencyKey":"%1$s",'
              '"occurredAt":"2026-06-07T02:00:00.123Z","orderingKey":"replayed"},"data":{}}', key)::json,
            '2026-06-07T02:00:00.123Z', key, 'replayed'
     from generate_series(0, 599) as n, lateral (select 'replayed-' || n as key)`,
  );
  const before = bus.events.length;
  const warnings: string[] = [];
  const log = (): void => {};
  const publisher = eventBridgePublisher({
    eventBusName: 'orders',
    endpoint: bus.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    ordering: 'key',
  });
  let interrupted = 0;
  const replaying = replayOutbox({
    connection: database.url,
    publisher: {
      ...publisher,
      async publishSettled(events) {
        const outcomes = await publisher.publishSettled(events);
        interrupted += 1;
        // Once ended by an administrator, once without a word.
        if (interrupted <= 2) {
          await other.query(
            `select pg_terminate_backend(pid) from pg_stat_activity
             where application_name = 'tidings replay again' and datname = current_database()`,
          );
        }
        return outcomes;
      },
    },
    name: 'again',
    events: { orderingKey: 'replayed' },
    logger: {
      ...{ debug: log, info: log, error: log },
      warn: (_fields, message) => warnings.push(message),
    },
  });
  expect(await replaying).toMatchObject({ accepted: 600, refusedCount: 0 });
  await publisher.close();
  const ids = bus.events.slice(before).map(({ eventId }) => eventId);
  expect(ids).toEqual(Array.from({ length: 600 }, (_, i) => `replayed-${i}`));
  expect(warnings).toContain('the replay is interrupted; it goes on where it stood');
});
