import { OrderPlaced } from '@tidings/example-orders/order-placed';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import type { LocalBus } from '@tidings/local';
import {
  type OutboxRow,
  type PostgresDeadLetters,
  pollSource,
  postgresDeadLetters,
} from '@tidings/postgres';
import { eventBridgePublisher } from '@tidings/publisher';
import type { ChangeSource } from '@tidings/relay';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { appendRow } from '../../support/append-row.ts';
import { everyKey } from '../../support/expect-all-orders.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { refusal } from '../../support/refusal.ts';
import { runRelayFrom, startOrdersBus } from '../../support/running-relay.ts';
import { sealedOrder } from '../../support/sealed-order.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
let bus: LocalBus;
let deadLetters: PostgresDeadLetters;

beforeAll(async () => {
  cluster = await startPostgresCluster({ wal_level: 'replica' }, postgresMajor());
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createOrdersDatabase(cluster, { without: 'slot' });
  bus = await startOrdersBus();
  deadLetters = postgresDeadLetters({ connection: database.url });
});
afterEach(async () => {
  await deadLetters.close();
  await bus.stop();
  await database.close();
});

const source = (): ChangeSource<OutboxRow> =>
  pollSource({ connection: database.url, name: 'orders', minIntervalMs: 1, maxIntervalMs: 20 });

function publisher(): ReturnType<typeof eventBridgePublisher> {
  return eventBridgePublisher({
    eventBusName: 'orders',
    endpoint: bus.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
}

const letter = (id: string) => ({
  event: sealedOrder(id),
  code: 'NotAuthorizedForSource',
  reason: 'not allowed',
  source: 'poller "orders"',
});

/** Appends an event that the bus refuses for good. */
async function appendPoison(key: string): Promise<void> {
  const client = new pg.Client(database.url);
  await client.connect();
  await appendRow(client, { key, detailType: 'OrderForged' });
  await client.end();
  bus.setFaults([
    {
      match: { detailType: 'OrderForged' },
      action: { type: 'entry-fail', code: 'NotAuthorizedForDetailTypeException', fraction: 1 },
    },
  ]);
}

test('poison is parked and the stream goes on', async () => {
  await appendPoison('poison-1');
  await database.placeOrders(20);
  await appendPoison('poison-2');
  const relay = runRelayFrom(source(), bus, { deadLetters });
  await bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });
  await relay.stop();
  const letters = await deadLetters.list();
  expect(letters.map(({ event }) => event?.eventId)).toEqual(['poison-1', 'poison-2']);
  expect(letters[0]?.event?.detail).toContain('"data":{"n":12345678901234567890}}');
  expect(letters[0]).toMatchObject({ source: 'poller "orders"', change: undefined });
  expect(letters[0]?.code).toBe('NotAuthorizedForDetailTypeException');
  // Settled, too: the next relay does not read it again.
  const next = runRelayFrom(source(), bus, { deadLetters });
  await database.placeOrders(5);
  await bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });
  await next.stop();
  expect(next.log.filter(({ message }) => message.includes('dead letter'))).toEqual([]);
});

test('without dead letters, or where it is asked for, poison halts the relay before it', async () => {
  await appendPoison('poison');
  for (const options of [{}, { deadLetters, onPoison: 'halt' as const }]) {
    const relay = runRelayFrom(source(), bus, options);
    expect(await refusal(relay.ended)).toMatch(
      /ConfigurationError: poller "orders" holds an event that can never be delivered/,
    );
  }
  expect(await deadLetters.list()).toEqual([]);
});

test('what the bus refuses for now is published by a redrive, as it was', async () => {
  bus.setFaults([{ action: { type: 'entry-fail', code: 'NotAuthorizedForSource', fraction: 1 } }]);
  const plain = sealedOrder('b');
  const withNul = { ...plain, detail: plain.detail.replace('"pad":""', '"pad":"\\u0000 1"') };
  const event = OrderPlaced.create({ orderId: '7', totalCents: 7, currency: 'USD' });
  await deadLetters.park([
    { event, code: 'NotAuthorizedForSource', reason: 'x', source: 's' },
    { ...letter('b'), event: withNul },
  ]);
  const ids = (await deadLetters.list()).map(({ id }) => id);
  const sender = publisher();
  try {
    const refused = await deadLetters.redrive(sender, ids);
    expect(refused.accepted).toEqual([]);
    expect(refused.kept.map(({ id }) => id)).toEqual(ids);
    bus.setFaults([]);
    const report = await deadLetters.redrive(sender, [...ids, ids[0] as string, '999999']);
    expect(report).toEqual({ accepted: ids, kept: [], missing: ['999999'] });
    expect(await deadLetters.list()).toEqual([]);
    expect(bus.events.map(({ eventId }) => eventId)).toEqual([event.detail.metadata.eventId, 'b']);
    expect(bus.events[1]?.detail).toBe(withNul.detail);
    expect(JSON.parse(bus.events[0]?.detail ?? '')).toEqual(event.detail);
  } finally {
    await sender.close();
  }
});

test('a letter that is parked twice is one, with the latest reason', async () => {
  await deadLetters.park([letter('a'), letter('b')]);
  await deadLetters.park([letter('a'), { ...letter('a'), reason: 'still not allowed' }]);
  const letters = await deadLetters.list();
  expect(letters.map(({ event, reason }) => [event?.eventId, reason])).toEqual([
    ['a', 'still not allowed'],
    ['b', 'not allowed'],
  ]);
});

/** Values that a letter may hold and that JSON, Postgres or the contract will not take. */
const strange: readonly [string, unknown][] = [
  ['an envelope that cannot be sealed', { detail: { metadata: {}, data: 1 } }],
  ['a set and a map', { ...OrderPlacedLike(), tags: new Set(['a']), by: new Map([['k', 1n]]) }],
  ['a cycle', cycle()],
  ['a getter that throws', Object.defineProperty({}, 'detail', { get: fail, enumerable: true })],
  ['a proxy that throws', new Proxy({}, { get: fail, has: fail, ownKeys: fail })],
  ['a sealed event with a broken detail', { ...sealedOrder('strange'), detail: '{oops' }],
  ['a sealed event with a cycle', { ...sealedOrder('strange-2'), resources: cycle() }],
  ['a sealed event without a time', { ...sealedOrder('strange-3'), time: new Date(Number.NaN) }],
  ['an id that fits into no index', { ...sealedOrder('x'.repeat(20_000)) }],
  ['nesting that ends the server’s reader', { ...sealedOrder('deep'), detail: nested(20_000) }],
  ['text', 'an event'],
  ['nothing', null],
];

function OrderPlacedLike(): object {
  return structuredClone(OrderPlaced.create({ orderId: '9', totalCents: 9, currency: 'USD' }));
}
function cycle(): object {
  const value: Record<string, unknown> = { detail: {} };
  value.self = value;
  return value;
}
function fail(): never {
  throw new Error('no');
}
function nested(depth: number): string {
  return `{"metadata":{"eventId":"deep"},"data":${'['.repeat(depth)}${']'.repeat(depth)}}`;
}

test('whatever a letter holds, it is kept, listed, and published by no redrive as another', async () => {
  const published: unknown[] = [];
  for (const [name, event] of strange) {
    await deadLetters.park([
      { event: event as never, code: 'MalformedEvent', reason: 'a \0', source: 's'.repeat(9_000) },
    ]);
    const [stored] = await deadLetters.list();
    expect(stored, name).toMatchObject({ code: 'MalformedEvent', reason: 'a \uFFFD' });
    const ids = [stored?.id as string];
    const sender = {
      publishSettled: async (events: readonly { readonly detail: string }[]) => {
        published.push(...events.map(({ detail }) => detail));
        return events.map(() => ({ status: 'rejected', code: 'MalformedEvent', message: 'still' }));
      },
    } as never;
    expect(await deadLetters.redrive(sender, ids), name).toMatchObject({
      accepted: [],
      kept: [{ id: ids[0], code: 'MalformedEvent' }],
    });
    expect(await deadLetters.discard(ids)).toBe(1);
  }
  // To the letter as they were, or not at all.
  expect(published).toContain('{oops');
  expect(published).toContain(nested(20_000));
  expect(published.filter((detail) => String(detail).includes('"tags"'))).toEqual([]);
});

test('two redrives of the same letters at once publish each once', async () => {
  await deadLetters.park(Array.from({ length: 250 }, (_, index) => letter(`e${index}`)));
  const ids = (await deadLetters.list({ limit: 1_000 })).map(({ id }) => id);
  const other = postgresDeadLetters({ connection: database.url });
  const senders = [publisher(), publisher()];
  const reports = await Promise.all([
    deadLetters.redrive(senders[0] as never, ids),
    other.redrive(senders[1] as never, ids),
    other.redrive(senders[1] as never, ids),
  ]);
  expect(reports.flatMap(({ accepted }) => accepted).toSorted()).toEqual(ids.toSorted());
  for (const { kept } of reports) {
    for (const { code } of kept) expect(code).toBe('RedriveUnderWay');
  }
  expect(bus.events.map(({ eventId }) => eventId).toSorted()).toEqual(
    ids.map((_, index) => `e${index}`).toSorted(),
  );
  expect(await deadLetters.list()).toEqual([]);
  await other.close();
  for (const sender of senders) await sender.close();
});

test('a redrive that fails, or was killed, lets go of its letters', async () => {
  await deadLetters.park([letter('a')]);
  const ids = (await deadLetters.list()).map(({ id }) => id);
  const broken = { publishSettled: () => Promise.reject(new Error('out of order')) } as never;
  expect(await refusal(deadLetters.redrive(broken, ids))).toContain('out of order');
  // As a redrive leaves it that was killed just now, and two minutes ago.
  const sender = publisher();
  await database.query(
    "update tidings.dead_letter set claim = 'x', claimed_until = now() + interval '1 minute'",
  );
  expect(await deadLetters.redrive(sender, ids)).toMatchObject({
    accepted: [],
    kept: [{ code: 'RedriveUnderWay' }],
  });
  await database.query("update tidings.dead_letter set claimed_until = now() - interval '1 ms'");
  expect(await deadLetters.redrive(sender, ids)).toMatchObject({ accepted: ids });
  await sender.close();
});

test('a change of which no event was made is kept, listed and discarded, not redriven', async () => {
  const change = { id: 1n, name: 'x' };
  await deadLetters.park([{ change, code: 'CaptureFailed', reason: 'no mapping', source: 's' }]);
  const [stored] = await deadLetters.list();
  expect(stored).toMatchObject({ event: undefined, change: '{"id":"1","name":"x"}' });
  const id = stored?.id as string;
  const sender = publisher();
  expect(await deadLetters.redrive(sender, [id])).toEqual({
    accepted: [],
    kept: [{ id, code: 'CaptureFailed', reason: 'it holds a change and no event: no mapping' }],
    missing: [],
  });
  await sender.close();
  expect(await deadLetters.discard([id])).toBe(1);
  expect(await deadLetters.discard([id])).toBe(0);
});

test('letters are listed by source and in pages', async () => {
  await deadLetters.park(['a', 'b', 'c', 'd'].map(letter));
  await deadLetters.park([{ ...letter('a'), source: 'another' }]);
  const first = await deadLetters.list({ limit: 3, source: 'poller "orders"' });
  const rest = await deadLetters.list({
    after: first.at(-1)?.id as string,
    source: 'poller "orders"',
  });
  expect([...first, ...rest].map(({ event }) => event?.eventId)).toEqual(['a', 'b', 'c', 'd']);
  expect(() => deadLetters.list({ limit: 0 })).toThrow(
    'limit must be a whole number from 1 to 1000',
  );
  expect(await refusal(deadLetters.discard(['1; drop table']))).toContain(
    '"1; drop table" is not the id of a dead letter',
  );
});
