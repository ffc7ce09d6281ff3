import {
  checkDetailType,
  checkSealed,
  checkSource,
  type SealedEvent,
  seal,
} from '@tidings/contract';
import { OrderPlaced } from '@tidings/example-orders/order-placed';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { migrateOutbox } from '@tidings/postgres';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgresMajor } from '../../support/postgres-major.ts';

let cluster: PostgresCluster;
let sql: pg.Client;
beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
  await cluster.createDatabase('shop');
  await migrateOutbox({ connection: cluster.url('shop') });
  sql = new pg.Client({ connectionString: cluster.url('shop') });
  await sql.connect();
});
afterAll(async () => {
  await sql.end();
  await cluster.stop();
});

const good = seal(
  OrderPlaced.create(
    { orderId: '7781', totalCents: 18_900, currency: 'USD' },
    { correlationId: 'c-1', causationId: 'e-1' },
  ),
  { producer: { service: 'checkout', build: '4f2c1e9' } },
);

interface Row {
  event_id: unknown;
  source: unknown;
  detail_type: unknown;
  detail: string;
  occurred_at: unknown;
  resources: unknown;
  idempotency_key: unknown;
  ordering_key: unknown;
  trace_header: unknown;
}

function rowOf(event: SealedEvent): Row {
  return {
    event_id: event.eventId,
    source: event.source,
    detail_type: event.detailType,
    detail: event.detail,
    occurred_at: event.time.toISOString(),
    resources: JSON.stringify(event.resources),
    idempotency_key: event.idempotencyKey,
    ordering_key: event.orderingKey ?? null,
    trace_header: event.traceHeader ?? null,
  };
}

/** The name of the constraint that refuses a row, with its sentence; undefined if none does. */
async function refusal(row: Row): Promise<{ rule: string; sentence: string } | undefined> {
  const names = Object.keys(row);
  const places = names.map((_, index) => `$${index + 1}`);
  try {
    await sql.query(
      `insert into tidings.outbox (${names.join(', ')}) values (${places.join(', ')})`,
      Object.values(row),
    );
    return undefined;
  } catch (error) {
    const { code, constraint = '', message } = error as pg.DatabaseError;
    expect(code).toBe('23514');
    return { rule: constraint, sentence: message };
  }
}

/** A detail as `good`'s with some of metadata changed; undefined leaves a member out. */
function detailWith(metadata: object, more: object = {}): string {
  const detail = JSON.parse(good.detail) as { metadata: object; data: unknown };
  return JSON.stringify({
    metadata: { ...detail.metadata, ...metadata },
    data: detail.data,
    ...more,
  });
}

const fill = (length: number): string => 'x'.repeat(length);

test('a good event is refused by nothing, however its JSON is written', async () => {
  expect(await refusal(rowOf(good))).toBeUndefined();
  const spaced = JSON.stringify(JSON.parse(good.detail), null, 2);
  expect(await refusal({ ...rowOf(good), detail: spaced })).toBeUndefined();
  const escaped = good.detail.replaceAll('-7781-', '-\\u00377\\u00381-');
  expect(escaped).not.toBe(good.detail);
  expect(await refusal({ ...rowOf(good), detail: escaped })).toBeUndefined();
});

test.each([
  ['infinity', undefined],
  ['-infinity', undefined],
  ['0044-03-15 00:00:00+00 BC', '0044-03-15T00:00:00.000Z'],
  ['12026-06-07 00:00:00+00', '12026-06-07T00:00:00.000Z'],
])('occurred_at "%s", which no event can carry, is refused', async (time, occurredAt) => {
  const row = { ...rowOf(good), occurred_at: time, detail: detailWith({ occurredAt }) };
  expect((await refusal(row))?.rule).toBe('occurred_at_is_in_years_1_to_9999');
});

test.each(['0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'])(
  'occurred_at "%s" is taken',
  async (occurredAt) => {
    const row = { ...rowOf(good), occurred_at: occurredAt, detail: detailWith({ occurredAt }) };
    expect(await refusal(row)).toBeUndefined();
  },
);

test('what is as long as it may be is taken', async () => {
  const keys = { eventId: fill(128), idempotencyKey: fill(256), orderingKey: fill(128) };
  expect(
    await refusal({
      ...rowOf(good),
      event_id: keys.eventId,
      idempotency_key: keys.idempotencyKey,
      ordering_key: keys.orderingKey,
      trace_header: fill(500),
      resources: JSON.stringify([fill(2048)]),
      detail: detailWith(keys),
    }),
  ).toBeUndefined();
});

interface Case {
  readonly rule: string;
  readonly sentence: string;
  readonly rows: readonly Partial<Row>[];
}

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const rules: readonly Case[] = [
  {
    rule: 'event_id_is_1_to_128_printable_characters',
    sentence: 'event_id must be 1 to 128',
    rows: [{ event_id: '' }, { event_id: fill(129) }, { event_id: 'a b' }, { event_id: 'é' }],
  },
  {
    rule: 'idempotency_key_is_1_to_256_printable_characters',
    sentence: 'idempotency_key must be 1 to 256',
    rows: [{ idempotency_key: '' }, { idempotency_key: fill(257) }, { idempotency_key: 'a\n' }],
  },
  {
    rule: 'ordering_key_is_1_to_128_printable_characters',
    sentence: 'ordering_key must be 1 to 128',
    rows: [{ ordering_key: '' }, { ordering_key: fill(129) }, { ordering_key: 'ö' }],
  },
  {
    rule: 'trace_header_is_1_to_500_characters',
    sentence: 'trace_header must be 1 to 500',
    rows: [{ trace_header: '' }, { trace_header: fill(501) }],
  },
  {
    rule: 'source_is_reverse_dns',
    sentence: 'source must be a namespace of your own',
    rows: [
      { source: 'aws.orders' },
      { source: 'orders' },
      { source: 'Com.acme' },
      { source: `com.${fill(253)}` },
      { source: 'com.acme-' },
    ],
  },
  {
    rule: 'detail_type_is_a_name',
    sentence: 'detail_type must be a name',
    rows: [
      { detail_type: '' },
      { detail_type: fill(129) },
      { detail_type: 'Order/Placed' },
      { detail_type: '2Placed' },
      { detail_type: 'OrderPlaced\n' },
    ],
  },
  {
    rule: 'detail_type_carries_no_version',
    sentence: 'metadata.version does',
    rows: [
      { detail_type: 'OrderPlacedV2' },
      { detail_type: 'order.placed.v2' },
      { detail_type: 'v1.order.placed' },
    ],
  },
  {
    rule: 'resources_are_strings_of_1_to_2048_characters',
    sentence: 'resources must be an array of strings',
    rows: [
      { resources: '{}' },
      { resources: '"arn"' },
      { resources: '[1]' },
      { resources: '[null]' },
      { resources: '["a", ""]' },
      { resources: JSON.stringify([fill(2049)]) },
    ],
  },
  {
    rule: 'detail_is_metadata_and_data',
    sentence: 'detail must be exactly {"metadata": {...}, "data": ...}',
    rows: [
      { detail: '[]' },
      { detail: '"text"' },
      { detail: '{}' },
      { detail: '{"metadata":{}}' },
      { detail: '{"metadata":[],"data":{}}' },
      { detail: detailWith({}, { data: undefined }) },
      { detail: detailWith({}, { more: 1 }) },
      { detail: `{"data":1,${good.detail.slice(1)}` },
    ],
  },
  {
    rule: 'metadata_event_id_is_event_id',
    sentence: 'metadata.eventId must be the event_id',
    rows: [
      { detail: detailWith({ eventId: 'other' }) },
      { detail: detailWith({ eventId: undefined }) },
      { event_id: '1', detail: detailWith({ eventId: 1 }) },
    ],
  },
  {
    rule: 'metadata_idempotency_key_is_idempotency_key',
    sentence: 'metadata.idempotencyKey must be the idempotency_key',
    rows: [
      { idempotency_key: 'other' },
      { detail: detailWith({ idempotencyKey: undefined }) },
      { idempotency_key: 'null', detail: detailWith({ idempotencyKey: null }) },
    ],
  },
  {
    rule: 'metadata_ordering_key_is_ordering_key',
    sentence: 'metadata.orderingKey must be the ordering_key',
    rows: [
      { ordering_key: null },
      { detail: detailWith({ orderingKey: undefined }) },
      { ordering_key: null, detail: detailWith({ orderingKey: null }) },
      { detail: detailWith({ orderingKey: 7781 }) },
    ],
  },
  {
    rule: 'metadata_version_is_major_minor',
    sentence: 'metadata.version must be "major.minor"',
    rows: ['1', '01.0', '1.0.0', '', 1.5, null, undefined].map((version) => ({
      detail: detailWith({ version }),
    })),
  },
  {
    rule: 'metadata_occurred_at_is_occurred_at',
    sentence: 'metadata.occurredAt must be the occurred_at',
    rows: [
      { occurred_at: '2020-01-01T00:00:00.000Z' },
      { detail: detailWith({ occurredAt: undefined }) },
      { detail: detailWith({ occurredAt: 1_780_000_000 }) },
      {
        occurred_at: '2026-06-07T02:00:00Z',
        detail: detailWith({ occurredAt: '2026-06-07T02:00:00Z' }),
      },
      {
        occurred_at: '2026-06-07T02:00:00Z',
        detail: detailWith({ occurredAt: '2026-06-07T04:00:00.000+02:00' }),
      },
    ],
  },
  {
    rule: 'metadata_correlation_and_causation_are_text',
    sentence: 'correlationId and causationId of metadata must be strings',
    rows: [{ correlationId: '' }, { correlationId: null }, { causationId: 5 }].map((metadata) => ({
      detail: detailWith(metadata),
    })),
  },
  {
    rule: 'metadata_traceparent_is_w3c',
    sentence: 'metadata.traceparent must be a W3C header',
    rows: ['', traceparent.toUpperCase(), `${traceparent}-00`, null].map((value) => ({
      detail: detailWith({ traceparent: value }),
    })),
  },
  {
    rule: 'metadata_producer_is_service_and_build',
    sentence: 'metadata.producer must be {"service"',
    rows: ['checkout', null, {}, { service: '' }, { service: 'a', build: 1 }].map((producer) => ({
      detail: detailWith({ producer }),
    })),
  },
];

test.each(rules)('$rule', async ({ rule, sentence, rows }) => {
  for (const row of rows) {
    const refused = await refusal({ ...rowOf(good), ...row });
    expect(refused?.rule, JSON.stringify(row)).toBe(rule);
    expect(refused?.sentence).toContain(sentence);
  }
});

test('entry_is_at_most_1_mib', async () => {
  const limit = 1_048_576;
  const row = rowOf(good);
  const spent =
    14 + Buffer.byteLength(`${good.source}${good.detailType}${detailWith({}, { data: '' })}`);
  const largest = { ...row, detail: detailWith({}, { data: fill(limit - spent) }) };
  expect(await refusal(largest)).toBeUndefined();
  const larger = { ...row, detail: detailWith({}, { data: fill(limit - spent + 1) }) };
  expect(await refusal(larger)).toMatchObject({ rule: 'entry_is_at_most_1_mib' });
});

test('a detail that is no JSON, and columns that are null, are refused by their types', async () => {
  const insert = (columns: string, values: string): Promise<unknown> =>
    sql.query(`insert into tidings.outbox (${columns}) values (${values})`);
  await expect(insert('detail', `'{'`)).rejects.toMatchObject({ code: '22P02' });
  await expect(insert('event_id', `'a'`)).rejects.toMatchObject({
    code: '23502',
    column: 'source',
  });
});

/** Whether contract's check takes it; the names of the rules are SQL's own. */
function contractTakes(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

const nameParts = fc.constantFrom(
  ...[
    'Order',
    'Placed',
    'placed',
    'IPV6',
    'V2',
    'v2',
    'V',
    'v',
    '2',
    '10',
    'x',
    '.',
    '_',
    '-',
    ' ',
  ],
  ...['..', 'é', '\n', 'v2x', 'V2x', 'Vat', 'RevV', 'com', 'acme', 'aws', '--', 'A', ''],
);

test('names: SQL and contract take the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(nameParts, { maxLength: 6 }), async (parts) => {
      const name = parts.join('');
      const asType = (await refusal({ ...rowOf(good), detail_type: name })) === undefined;
      expect(asType, `detail-type ${JSON.stringify(name)}`).toBe(
        contractTakes(() => checkDetailType(name, 'not-a-verb')),
      );
      const asSource = (await refusal({ ...rowOf(good), source: name })) === undefined;
      expect(asSource, `source ${JSON.stringify(name)}`).toBe(
        contractTakes(() => checkSource(name)),
      );
    }),
    { numRuns: 300 },
  );
});

const values = fc.constantFrom<unknown>(
  ...[undefined, null, '', 'a', 'a b', 'é', '1.0', '01.0', 1, true, [], {}],
  ...[good.eventId, good.idempotencyKey, traceparent, { service: 'a' }, { build: 'b' }],
);

test('metadata: SQL takes what contract takes of events that agree with their columns', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(
        ...['eventId', 'idempotencyKey', 'orderingKey', 'version', 'occurredAt'],
        ...['correlationId', 'causationId', 'traceparent', 'producer'],
      ),
      values,
      async (member, value) => {
        const event: SealedEvent = { ...good, detail: detailWith({ [member]: value }) };
        const taken = (await refusal(rowOf(event))) === undefined;
        expect(taken, `${member}: ${JSON.stringify(value)}`).toBe(
          contractTakes(() => checkSealed(event)),
        );
      },
    ),
    { numRuns: 300 },
  );
});
