import { OrderPlaced } from '@tidings/example-orders/order-placed';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import type { LocalBus } from '@tidings/local';
import { maintainOutbox, migrateOutbox, outboxRoles } from '@tidings/postgres';
import { postgresOutbox } from '@tidings/postgres/outbox';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { everyKey, expectAllOrders } from '../../support/expect-all-orders.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { runRelay, startOrdersBus } from '../../support/running-relay.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
let bus: LocalBus;
beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
  const admin = new pg.Client({ connectionString: cluster.url('postgres') });
  await admin.connect();
  await admin.query(`create role "the writer" login password 'w';
                     create role "the ""relay""" login password 'r';
                     create role nobody login password 'n'`);
  await admin.end();
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createOrdersDatabase(cluster);
  bus = await startOrdersBus();
  const script = outboxRoles({ writer: 'the writer', relay: 'the "relay"' });
  await database.query(script);
  await database.query(script);
});
afterEach(async () => {
  await bus.stop();
  await database.close();
});

function urlOf(user: string, password: string): string {
  const url = new URL(database.url);
  url.username = encodeURIComponent(user);
  url.password = password;
  return url.href;
}
const writerUrl = (): string => urlOf('the writer', 'w');
const relayUrl = (): string => urlOf('the "relay"', 'r');

async function as<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Appends through the client, and notes the order as committed. */
async function append(client: pg.Client, orderId: string): Promise<void> {
  const event = OrderPlaced.create({ orderId, totalCents: 1, currency: 'USD' });
  await postgresOutbox().append(client, event);
  database.committed.add(event.detail.metadata.idempotencyKey);
}

test('as those roles, events are appended and relayed, and a lost slot is healed', async () => {
  const relay = runRelay(database, bus, { connection: relayUrl() });
  await relay.logged('streaming');
  await as(writerUrl(), async (client) => {
    await append(client, 'w-1');
    await client.query(
      `select tidings.append('com.acme.orders', 'OrderPlaced', '{}', 'order-w-2-placed')`,
    );
    database.committed.add('order-w-2-placed');
  });
  await bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });
  await relay.stop();

  await database.query('select pg_drop_replication_slot($1)', [database.slot]);
  await as(writerUrl(), (client) => append(client, 'w-3'));
  const healer = runRelay(database, bus, { connection: relayUrl() });
  await healer.logged('the slot is healed');
  await bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });
  await healer.stop();
  expectAllOrders(database.committed, bus.events);

  await maintainOutbox({ connection: relayUrl(), retention: { days: 7 } });
});

/** Each statement is refused for want of a right, whatever else is wrong with it. */
async function expectRefused(url: string, statements: readonly string[]): Promise<void> {
  await as(url, async (client) => {
    for (const statement of statements) {
      await expect(client.query(statement), statement).rejects.toMatchObject({ code: '42501' });
    }
  });
}

test('the writer may append and nothing else', () =>
  expectRefused(writerUrl(), [
    'select from tidings.outbox',
    'delete from tidings.outbox',
    'update tidings.outbox set event_id = event_id',
    'truncate tidings.outbox',
    'insert into tidings.outbox (transaction_id) values (pg_current_xact_id())',
    'select from tidings.checkpoint',
    'select from tidings.dead_letter',
    'alter table tidings.outbox drop constraint is_event',
  ]));

test('the relay may neither append nor change what is there', () =>
  expectRefused(relayUrl(), [
    `insert into tidings.outbox (event_id) values ('a')`,
    'update tidings.outbox set event_id = event_id',
    'delete from tidings.outbox',
    'truncate tidings.outbox',
    'drop table tidings.incident',
    'delete from tidings.incident',
    'insert into tidings.migration (version) values (99)',
    'alter publication tidings drop table tidings.outbox',
  ]));

test('no function of the schema is everybody’s, also where the schema is', async () => {
  await database.query('grant usage on schema tidings to nobody');
  await as(urlOf('nobody', 'n'), async (client) => {
    const { rows } = await client.query<{ name: string; called: string; may: boolean }>(
      `select oid::regprocedure::text as name, has_function_privilege(oid, 'execute') as may,
              format('select %s(%s)', oid::regproc, (
                select string_agg('null::' || type::regtype, ', ') from unnest(proargtypes) as type
              )) as called
       from pg_proc where pronamespace = 'tidings'::regnamespace`,
    );
    expect(rows.length).toBeGreaterThan(10);
    for (const { name, called, may } of rows) {
      expect(may, name).toBe(false);
      await expect(client.query(called), called).rejects.toMatchObject({ code: '42501' });
    }
  });
});

test('a role without any right gets the sentence that says what to grant', async () => {
  const url = urlOf('nobody', 'n');
  await expect(as(url, (client) => append(client, 'never'))).rejects.toThrow(
    'permission denied for schema tidings',
  );
  database.committed.clear();
  const relay = runRelay(database, bus, { connection: url });
  await expect(relay.ended).rejects.toThrow(/permission denied.*grant/);
});

test('a relay without REPLICATION gets the sentence that names it', async () => {
  await database.query(outboxRoles({ relay: 'nobody' }).replace(/do \$\$[\s\S]*?end \$\$;/, ''));
  const relay = runRelay(database, bus, { connection: urlOf('nobody', 'n') });
  await expect(relay.ended).rejects.toThrow(/REPLICATION/);
});

test('an owner with REPLICATION and no more migrates; without it, it hears what to run', async () => {
  const name = `owned_${process.pid}`;
  await cluster.createDatabase(name);
  await database.query(`create role owner login password 'o'`);
  await database.query(`grant create on database ${name} to owner`);
  const connection = cluster.url(name).replace('postgres:tidings', 'owner:o');
  await expect(migrateOutbox({ connection, slot: name })).rejects.toThrow(
    /cannot create slot.*run ALTER ROLE \.\.\. REPLICATION/,
  );
  await database.query('alter role owner replication');
  expect((await migrateOutbox({ connection, slot: name })).slotCreated).toBe(true);
  const { rows } = await as(connection, (client) =>
    client.query('select name from tidings.checkpoint where bookmark is not null'),
  );
  expect(rows).toEqual([{ name }]);
  await as(connection, (client) => client.query('select pg_drop_replication_slot($1)', [name]));
});

test('an unpublished table is the owner’s to publish, and the relay says so', async () => {
  const first = runRelay(database, bus, { connection: relayUrl() });
  await first.logged('streaming');
  await database.placeOrders(5);
  await bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });
  await first.stop();
  await database.query('alter publication tidings drop table tidings.outbox');
  const second = runRelay(database, bus, { connection: relayUrl() });
  await expect(second.ended).rejects.toThrow(/ALTER PUBLICATION.*as its owner/);
});

test('a role must be named', () => {
  expect(() => outboxRoles({})).toThrow('name a writer, a relay, or both');
  expect(() => outboxRoles({ writer: '' })).toThrow('writer must be the name of a role');
});
