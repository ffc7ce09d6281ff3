import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import {
  captureTable,
  maintainOutbox,
  pollSource,
  postgresDeadLetters,
  replayOutbox,
  setUpTableCapture,
  tableSource,
  walSource,
} from '@tidings/postgres';
import { eventBridgePublisher } from '@tidings/publisher';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { clientConfigOf } from '../../../packages/postgres/src/connection-config.ts';
import { openClient } from '../../../packages/postgres/src/open-client.ts';
import { appendRow } from '../../support/append-row.ts';
import { type EndpointProxy, openEndpointProxy } from '../../support/endpoint-proxy.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readChanges } from '../../support/read-changes.ts';
import { startOrdersBus } from '../../support/running-relay.ts';

// Everything that may change how a session behaves is set against Tidings here: of the role,
// of the database, in the connection string, in the environment and in this process.
const hostile: Readonly<Record<string, string>> = {
  datestyle: 'German',
  timezone: 'Asia/Kolkata',
  intervalstyle: 'sql_standard',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  standard_conforming_strings: 'off',
  quote_all_identifiers: 'on',
  search_path: 'evil, pg_catalog',
  row_security: 'on',
  lock_timeout: '1ms',
  idle_in_transaction_session_timeout: '1ms',
  idle_session_timeout: '1min',
  default_transaction_isolation: 'serializable',
  synchronous_commit: 'off',
};
const pinned = {
  DateStyle: 'ISO, MDY',
  TimeZone: 'UTC',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  client_encoding: 'UTF8',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  quote_all_identifiers: 'off',
  search_path: 'pg_catalog, pg_temp',
  row_security: 'off',
  statement_timeout: '0',
  lock_timeout: '10000',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  default_transaction_isolation: 'read committed',
  synchronous_commit: 'local',
  tcp_keepalives_idle: '15',
  client_connection_check_interval: '5000',
  application_name: 'tidings test',
};

let cluster: PostgresCluster;
let database: OrdersDatabase;
let proxy: EndpointProxy;
let connection: string;
/** A session without any of it. */
let plain: pg.Client;

const tables = [
  captureTable({ table: 'public.invoices', schema: z.looseObject({}), insert: () => undefined }),
];

beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
  database = await createOrdersDatabase(cluster);
  plain = new pg.Client({ connectionString: database.url, types: { getTypeParser: () => String } });
  await plain.connect();
  await plain.query(
    `create table invoices (id int primary key, due timestamptz, content bytea, took interval,
       share double precision, price money);
     create schema evil;
     create function evil.to_regclass(text) returns regclass language plpgsql
       as $$ begin raise 'evil'; end $$;
     create function evil.pg_current_snapshot() returns pg_snapshot language plpgsql
       as $$ begin raise 'evil'; end $$;
     create function evil.is_text(text, text) returns boolean language plpgsql
       as $$ begin raise 'evil'; end $$;
     create operator evil.= (leftarg = text, rightarg = text, function = evil.is_text)`,
  );
  await setUpTableCapture({ connection: database.url, slot: `${database.slot}_tables`, tables });
  await appendRow(plain, { key: 'k', orderingKey: 'k' });
  await plain.query(
    `insert into invoices values (1, '2026-03-04T05:06:07.089Z', '\\x00ff41', '1 day 02:03', 0.1, 5)`,
  );
  for (const [name, value] of Object.entries(hostile)) {
    const literal = name === 'search_path' ? value : pg.escapeLiteral(value);
    await plain.query(`alter role postgres in database "${database.slot}" set ${name} = ${literal};
      alter database "${database.slot}" set ${name} = ${literal}`);
  }
  proxy = await openEndpointProxy(cluster.port, 'ep-1');
  const query = new URLSearchParams({
    options: 'endpoint=ep-1 -c datestyle=German -c search_path=evil,pg_catalog',
    application_name: 'evil',
    fallback_application_name: 'evil',
    query_timeout: '1',
    statement_timeout: '1',
    lock_timeout: '1',
    client_encoding: 'LATIN1',
    replication: 'true',
    binary: 'true',
  });
  connection = `${database.url.replace(`:${cluster.port}/`, `:${proxy.port}/`)}?${query}`;
  vi.stubEnv('PGAPPNAME', 'evil');
  vi.stubEnv('PGOPTIONS', '-c timezone=Asia/Tokyo');
  Object.assign(pg.defaults, {
    ...{ application_name: 'evil', query_timeout: 1, statement_timeout: 1, lock_timeout: 1 },
    ...{ binary: true, parseInputDatesAsUTC: true },
  });
  for (const oid of Object.values(pg.types.builtins)) {
    pg.types.setTypeParser(oid as number, () => 'evil');
    pg.types.setTypeParser(oid as number, 'binary', () => 'evil');
  }
});
afterAll(async () => {
  await plain?.end();
  await proxy?.close();
  await cluster?.stop();
});

test.each([undefined, 'database'] as const)(
  'nothing replaces what a session is set to (replication: %s)',
  async (replication) => {
    const client = await openClient(
      { ...clientConfigOf(connection), application_name: 'tidings test' },
      replication === undefined ? {} : { replication },
    );
    const { rows } = await client.query<{ name: string; setting: string }>(
      `select name, setting from pg_settings
       where name in (${Object.keys(pinned).map(pg.escapeLiteral).join(', ')})`,
    );
    await client.end();
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual(pinned);
  },
);

test('changes of tables come with the values that were written', async () => {
  const { changes } = await readChanges(
    tableSource({ connection, slot: `${database.slot}_tables`, tables }),
    1,
  );
  expect(changes[0]).toMatchObject({
    now: {
      id: '1',
      due: '2026-03-04 05:06:07.089+00',
      content: '\\x00ff41',
      took: '1 day 02:03:00',
      share: '0.1',
      price: '$5.00',
    },
  });
});

test('the outbox is read by the log, polled, replayed and maintained', async () => {
  // As `appendRow` writes it.
  const row = { idempotencyKey: 'k', occurredAt: '2026-06-07 02:00:00.123+00' };
  const streamed = await readChanges(walSource({ connection, slot: database.slot }), 1);
  expect(streamed.changes).toMatchObject([row]);
  const polled = await readChanges(pollSource({ connection, name: 'poller' }), 1);
  expect(polled.changes).toMatchObject([row]);
  const bus = await startOrdersBus();
  const publisher = eventBridgePublisher({
    eventBusName: 'orders',
    endpoint: bus.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const replayed = await replayOutbox({
    connection,
    publisher,
    name: 'again',
    events: { orderingKey: 'k' },
  });
  expect(replayed).toMatchObject({ accepted: 1, refusedCount: 0 });
  await publisher.close();
  await bus.stop();
  const report = await maintainOutbox({ connection, retention: { days: 1 } });
  expect(report).toMatchObject({ made: [], dropped: [], postponed: [] });
  const letters = postgresDeadLetters({ connection });
  expect(await letters.list()).toEqual([]);
  await letters.close();
});

test('a proxy that routes by options is told at every connection, of replication too', () => {
  expect(new Set(proxy.routed)).toEqual(
    new Set([
      'tidings test',
      `tidings ${database.slot}_tables`,
      `tidings ${database.slot}_tables stream`,
      `tidings ${database.slot}`,
      `tidings ${database.slot} stream`,
      'tidings poll poller',
      'tidings replay again',
      'tidings maintenance',
      'tidings dead letters',
    ]),
  );
});
