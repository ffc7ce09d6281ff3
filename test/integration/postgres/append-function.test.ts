import { OrderPlaced } from '@tidings/example-orders/order-placed';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { migrateOutbox } from '@tidings/postgres';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { postgresMajor } from '../../support/postgres-major.ts';

let cluster: PostgresCluster;
let sql: pg.Client;
beforeAll(async () => {
  cluster = await startPostgresCluster({ timezone: 'Asia/Kolkata' }, postgresMajor());
  await cluster.createDatabase('shop');
  await migrateOutbox({ connection: cluster.url('shop') });
  sql = new pg.Client({ connectionString: cluster.url('shop') });
  await sql.connect();
});
afterAll(async () => {
  await sql.end();
  await cluster.stop();
});
beforeEach(async () => {
  await sql.query('truncate tidings.outbox');
});

const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const timeOf = (id: string): number =>
  [...id.slice(0, 10)].reduce((time, digit) => time * 32 + alphabet.indexOf(digit), 0);

async function stored(): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await sql.query(
    `select event_id, source, detail_type, detail::text, occurred_at, resources::text,
            idempotency_key, ordering_key, trace_header
     from tidings.outbox order by id`,
  );
  return rows;
}

test('four arguments make an event that the contract reads', async () => {
  const before = Date.now();
  const { rows } = await sql.query(
    `select tidings.append(
       source => 'com.acme.orders', detail_type => 'OrderPlaced',
       data => '{"orderId":"7781","totalCents":18900,"currency":"USD"}',
       idempotency_key => 'order-7781-placed') as id`,
  );
  const [row = {}] = await stored();
  const { metadata, data } = JSON.parse(row.detail as string);
  expect(rows[0]?.id).toBe(row.event_id);
  expect(row.event_id).toMatch(ulid);
  expect(timeOf(row.event_id as string)).toBeGreaterThanOrEqual(before - 1);
  expect(timeOf(row.event_id as string)).toBeLessThanOrEqual(Date.now() + 1);
  expect(metadata).toEqual({
    eventId: row.event_id,
    version: '1.0',
    idempotencyKey: 'order-7781-placed',
    occurredAt: (row.occurred_at as Date).toISOString(),
  });
  const event = OrderPlaced.parse({
    source: row.source,
    'detail-type': row.detail_type,
    time: `${metadata.occurredAt.slice(0, 19)}Z`,
    resources: [],
    detail: { metadata, data },
  });
  expect(event.detail.data).toEqual({ orderId: '7781', totalCents: 18_900, currency: 'USD' });
});

test('every argument finds its place, and data keeps its bytes', async () => {
  const data = '{ "n" : 12345678901234567890.10, "s":"\\u00e9 漢 \\"\'$1", "n":1e2 }';
  await sql.query(
    `select tidings.append(
       source => 'com.acme.orders', detail_type => 'order.placed', data => $1,
       idempotency_key => 'k"\\1', version => '2.3', ordering_key => '7781',
       correlation_id => 'c é', causation_id => 'e-0',
       occurred_at => '2026-06-07T02:00:00.123789+02:00',
       resources => array['arn:aws:s3:::a', 'b"c'],
       producer_service => 'checkout', producer_build => '4f2c1e9',
       traceparent => '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
       trace_header => 'Root=1-5759e988-bd862e3fe1be46a994272793', event_id => 'my-id')`,
    [data],
  );
  const [row = {}] = await stored();
  expect(row).toEqual({
    event_id: 'my-id',
    source: 'com.acme.orders',
    detail_type: 'order.placed',
    detail: `{"metadata":${JSON.stringify({
      eventId: 'my-id',
      version: '2.3',
      idempotencyKey: 'k"\\1',
      occurredAt: '2026-06-07T00:00:00.123Z',
      correlationId: 'c é',
      causationId: 'e-0',
      orderingKey: '7781',
      producer: { service: 'checkout', build: '4f2c1e9' },
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    })},"data":${data}}`,
    occurred_at: new Date('2026-06-07T00:00:00.123Z'),
    resources: '["arn:aws:s3:::a","b\\"c"]',
    idempotency_key: 'k"\\1',
    ordering_key: '7781',
    trace_header: 'Root=1-5759e988-bd862e3fe1be46a994272793',
  });
});

test('ids of one session rise, within a millisecond too', async () => {
  const { rows } = await sql.query(
    'select tidings.new_event_id() as id from generate_series(1, 20000)',
  );
  const ids = rows.map((row) => row.id as string);
  expect(ids.every((id) => ulid.test(id))).toBe(true);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  // Far fewer milliseconds than ids: many share one.
  expect(new Set(ids.map(timeOf)).size).toBeLessThan(ids.length / 2);
});

test('what is rolled back, to a savepoint or whole, leaves nothing', async () => {
  const append = (key: string): Promise<unknown> =>
    sql.query(`select tidings.append('com.acme.orders', 'OrderPlaced', '1', $1)`, [key]);
  await sql.query('begin');
  await append('kept');
  await sql.query('savepoint here');
  await append('undone');
  await sql.query('rollback to here');
  await sql.query('commit');
  await sql.query('begin');
  await append('undone-too');
  await sql.query('rollback');
  expect((await stored()).map((row) => row.idempotency_key)).toEqual(['kept']);
});

test.each([
  ['a bad argument is refused by its rule', `'aws.orders', 'OrderPlaced', '1', 'k'`, 'source_is_'],
  ['a build without a service', `'a.b', 'Placed', '1', 'k', producer_build => '1'`, 'metadata_pr'],
  ['no data', `'a.b', 'Placed', null, 'k'`, 'null value in column "detail"'],
  ['no key', `'a.b', 'Placed', '1', null`, 'null value in column "idempotency_key"'],
])('%s', async (_, args, said) => {
  const failed = await sql.query(`select tidings.append(${args})`).catch((error) => error);
  expect(`${failed.constraint} ${failed.message}`).toContain(said);
  expect(await stored()).toEqual([]);
});
