import type { Publisher } from '@tidings/contract';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import type { LocalBus } from '@tidings/local';
import { type ReplayOptions, type ReplayReport, replayOutbox } from '@tidings/postgres';
import { eventBridgePublisher } from '@tidings/publisher';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { appendRow } from '../../support/append-row.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { refusal } from '../../support/refusal.ts';
import { startOrdersBus } from '../../support/running-relay.ts';

let cluster: PostgresCluster;
let database: OrdersDatabase;
let bus: LocalBus;
let client: pg.Client;
let publisher: ReturnType<typeof eventBridgePublisher>;

beforeAll(async () => {
  cluster = await startPostgresCluster({ wal_level: 'replica' }, postgresMajor());
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createOrdersDatabase(cluster, { without: 'slot' });
  bus = await startOrdersBus();
  client = new pg.Client(database.url);
  await client.connect();
  publisher = eventBridgePublisher({
    eventBusName: 'orders',
    endpoint: bus.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    ordering: 'key',
  });
});
afterEach(async () => {
  await publisher.close();
  await client.end();
  await bus.stop();
  await database.close();
});

const run = (
  events: ReplayOptions['events'],
  options: Partial<ReplayOptions> = {},
): Promise<ReplayReport> =>
  replayOutbox({ connection: database.url, publisher, name: 'again', events, ...options });

const published = (): (string | undefined)[] => bus.events.map(({ eventId }) => eventId);

test('a time window is published again, marked, with its ids and every digit', async () => {
  await appendRow(client, { key: 'before', appendedAt: '2026-06-01T00:00:00Z' });
  await appendRow(client, { key: 'first', appendedAt: '2026-06-02T00:00:00Z' });
  await appendRow(client, { key: 'second', appendedAt: '2026-06-02T23:59:59.999Z' });
  await appendRow(client, { key: 'after', appendedAt: '2026-06-03T00:00:00Z' });
  const report = await run({ from: new Date('2026-06-02'), to: new Date('2026-06-03') });
  expect(report).toEqual({
    name: 'again',
    accepted: 2,
    refusedCount: 0,
    refused: [],
    missing: [],
  });
  expect(published().toSorted()).toEqual(['first', 'second']);
  const [{ detail = '' } = {}] = bus.events;
  expect(detail).toContain('"data":{"n":12345678901234567890}}');
  const { metadata } = JSON.parse(detail);
  expect(metadata).toMatchObject({
    eventId: metadata.idempotencyKey,
    replay: { name: 'again', at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/) },
  });
});

test('an ordering key is published again in the order of its events', async () => {
  for (let i = 0; i < 30; i++) {
    await appendRow(client, { key: `order-${i}`, orderingKey: i % 3 === 0 ? 'mine' : 'other' });
  }
  expect(await run({ orderingKey: 'mine' })).toMatchObject({ accepted: 10 });
  expect(published()).toEqual(Array.from({ length: 10 }, (_, i) => `order-${i * 3}`));
});

test('ids are published again; what the outbox does not hold is named', async () => {
  for (const key of ['a', 'b', 'c']) await appendRow(client, { key });
  const report = await run({ eventIds: ['c', 'a', 'gone', 'a'] });
  expect(report).toMatchObject({ accepted: 2, missing: ['gone'] });
  expect(published().toSorted()).toEqual(['a', 'c']);
});

test('what is not committed, or was appended after the beginning, is left out', async () => {
  await appendRow(client, { key: 'committed', orderingKey: 'k' });
  const open = new pg.Client(database.url);
  await open.connect();
  await open.query('begin');
  await appendRow(open, { key: 'open', orderingKey: 'k' });
  expect(await run({ orderingKey: 'k' })).toMatchObject({ accepted: 1 });
  await open.query('rollback');
  await open.end();
});

test('a replay of many large events is read page by page and complete', async () => {
  const data = JSON.stringify('x'.repeat(5_000));
  await client.query('begin');
  for (let i = 0; i < 1_500; i++) await appendRow(client, { key: `k${i}`, data });
  await client.query('commit');
  let largest = 0;
  const counting: Publisher = {
    ...publisher,
    publishSettled(events) {
      largest = Math.max(largest, [events].flat().length);
      return publisher.publishSettled(events);
    },
  };
  const report = await run(
    { from: new Date(0), to: new Date(Date.now() + 60_000) },
    { publisher: counting },
  );
  expect(report).toMatchObject({ accepted: 1_500, refusedCount: 0 });
  expect(largest).toBeLessThan(600);
  expect(new Set(published()).size).toBe(1_500);
});

test('what the bus refuses is reported, the rest is published', async () => {
  bus.setFaults([
    {
      match: { detailType: 'OrderForged' },
      action: { type: 'entry-fail', code: 'NotAuthorizedForDetailTypeException', fraction: 1 },
    },
  ]);
  await appendRow(client, { key: 'good', orderingKey: 'k' });
  await appendRow(client, { key: 'bad', orderingKey: 'k', detailType: 'OrderForged' });
  const heard: string[] = [];
  const report = await run(
    { orderingKey: 'k' },
    { onRefused: ({ eventId }) => void heard.push(eventId) },
  );
  expect(report).toMatchObject({ accepted: 1, refusedCount: 1 });
  expect(report.refused).toEqual([
    { eventId: 'bad', code: 'NotAuthorizedForDetailTypeException', reason: expect.any(String) },
  ]);
  expect(heard).toEqual(['bad']);
});

test('a replay that is aborted publishes no more', async () => {
  for (let i = 0; i < 10; i++) await appendRow(client, { key: `k${i}`, orderingKey: 'k' });
  expect(await run({ orderingKey: 'k' }, { signal: AbortSignal.abort() })).toMatchObject({
    accepted: 0,
  });
});

test('what cannot work is refused', async () => {
  const [early, late] = [new Date('2026-06-02'), new Date('2026-06-03')];
  expect(await refusal(run({ from: late, to: early }))).toContain(
    'ConfigurationError: events.to must be later than events.from (2026-06-03T00:00:00.000Z)',
  );
  expect(await refusal(run({ from: new Date(Number.NaN), to: late }))).toContain(
    'events.from must be a Date that is valid',
  );
  expect(await refusal(run({ eventIds: [] }))).toContain('1 to 10000 ids, got 0');
  expect(await refusal(run({ orderingKey: '' }))).toContain('events.orderingKey must be a string');
  expect(await refusal(run({ orderingKey: 'k' }, { name: '' }))).toContain(
    'name must have 1 to 128 characters, got ""',
  );
  expect(await refusal(run({ orderingKey: 'k' }, { publisher: {} as never }))).toContain(
    'publisher must be one such as',
  );
  const elsewhere = { connection: cluster.url('postgres') };
  expect(await refusal(run({ orderingKey: 'k' }, elsewhere))).toContain(
    'database "postgres" has no tidings.outbox to replay',
  );
});
