import { describe, expect, test } from 'vitest';
import type { FeedChange } from './feed-change.ts';
import { type FeedOptions, resolveFeedOptions } from './feed-settings.ts';
import { readMessage } from './message.ts';
import { partitionsOf } from './partition.ts';
import { readChange } from './read-change.ts';
import { feedRecord, kafkaRecord, recorded } from './records.test-support.ts';

function read(value: string, options: FeedOptions = {}, sequence = 1, key?: string) {
  const record = feedRecord(value, sequence, key);
  return readChange(readMessage(record), record, resolveFeedOptions(options));
}
const change = (name: string, options: FeedOptions = {}, sequence = 1): FeedChange => {
  const result = read(recorded(name), options, sequence);
  if (typeof result === 'string') throw new Error(result);
  return result;
};
const plain = { decimals: 'string' } as const;

/** The row of the recorded changes that carry a schema. */
const order = {
  id: 9007199254740993n,
  status: 'placed',
  total: '30.50',
  weight: '1.234',
  placed_at: '2026-06-07T02:00:00.123456',
  packed_at: '2026-06-07T03:00:00.5',
  paid_at: '2026-06-07T02:00:00.123456Z',
  ship_on: '2026-06-07',
  ship_after: '08:30:00',
  extras: { gift: true, loyalty: 12345678901234567890n },
  token: '7f1c2d3e-4b5a-4678-9abc-def012345678',
  signature: new Uint8Array([0xde, 0xad, 0xbe, 0xef]),
  tags: ['new', 'eu'],
  note: null,
};

describe('Debezium', () => {
  test('a schema tells what every value means', () => {
    const { now, keys, ...rest } = change('debezium-create-with-schema');
    expect(now).toEqual(order);
    expect(keys).toEqual({ id: 9007199254740993n });
    expect(rest).toMatchObject({
      table: 'public.orders',
      operation: 'insert',
      occurredAt: new Date('2026-06-07T02:00:00.123Z'),
    });
  });

  test.each([
    ['debezium-create', 'insert', undefined, 'placed'],
    ['debezium-update', 'modify', 'placed', 'shipped'],
    ['debezium-delete', 'remove', 'shipped', undefined],
    ['debezium-mysql-update', 'modify', 'placed', 'shipped'],
  ])('%s', (name, operation, before, now) => {
    const read = change(name, plain);
    expect(read.operation).toBe(operation);
    expect(read.before?.status).toBe(before);
    expect(read.now?.status).toBe(now);
    expect((read.now ?? read.before)?.id).toBe(9007199254740993n);
  });

  test('MySQL has databases where others have schemas', () => {
    expect(change('debezium-mysql-update', plain).table).toBe('inventory.orders');
  });

  test('an id is of the change: the same when the connector sends it again, no other otherwise', () => {
    const names = [
      'debezium-create',
      'debezium-update',
      'debezium-delete',
      'debezium-mysql-update',
    ];
    const ids = names.map((name) => change(name, plain).id);
    expect(names.map((name) => change(name, plain, 99).id)).toEqual(ids);
    expect(new Set(ids).size).toBe(names.length);
    expect(change('debezium-create-with-schema').id).toBe(ids[0]);
    for (const id of ids) expect(id).toMatch(/^[!-~]{1,256}$/);
  });

  test('without a key or a position, the record’s place in the stream is its id', () => {
    const place = 'shardId-000000000006:49590338271490256608559692538361571096';
    const keyless = read(recorded('debezium-create'), plain, 1, 'default') as FeedChange;
    expect(keyless).toMatchObject({ id: place, keys: {}, lane: 'default' });
    const oracle = recorded('debezium-create').replace('"postgresql"', '"oracle"');
    expect(read(oracle, plain)).toMatchObject({ id: place });
  });

  test('a key may have a schema of its own, or be named', () => {
    const key = JSON.stringify({
      schema: { type: 'struct', fields: [{ type: 'int64', field: 'id' }] },
      payload: { id: 7 },
    });
    expect(read(recorded('debezium-create'), plain, 1, key)).toMatchObject({ keys: { id: 7 } });
    const tables = { 'public.orders': { primaryKey: ['status'] } };
    expect(change('debezium-create', { ...plain, tables }).keys).toEqual({ status: 'placed' });
  });

  test('without schemas it must be said what decimals are', () => {
    expect(() => change('debezium-create')).toThrow(/set decimal.handling.mode .* to string/);
    const variable = recorded('debezium-create').replace(
      '"30.50"',
      '{ "scale": 2, "value": "C+o=" }',
    );
    const { untold, now } = read(variable, plain) as FeedChange;
    expect(untold.get('total')).toMatch(/^is a decimal in bytes; set decimal.handling.mode/);
    expect(now).not.toHaveProperty('total');
  });

  test('what was not sent is no value, unless the image before has it', () => {
    const { now, untold, omitted } = change('debezium-update-unavailable-with-schema');
    expect(now).not.toHaveProperty('note');
    expect(now).not.toHaveProperty('signature');
    expect(omitted).toEqual(['signature', 'note']);
    expect(untold.get('note')).toContain('REPLICA IDENTITY FULL');

    const whole = change('debezium-update-full-identity-with-schema');
    expect(whole.now).toEqual({
      ...order,
      status: 'shipped',
      note: 'Leave it with the neighbour.',
    });
    expect(whole.untold.size).toBe(0);
  });

  test('the stopgaps of an image that holds the key alone do not pass for the row', () => {
    const removed = change('debezium-delete-key-only-with-schema');
    expect(removed).not.toHaveProperty('before');
    expect(removed).toMatchObject({ operation: 'remove', keys: { id: 9007199254740993n } });
  });

  test('snapshots are inserts only if one says so', () => {
    expect(read(recorded('debezium-read'), plain)).toBe('snapshot');
    const inserted = change('debezium-read', { ...plain, snapshots: 'insert' });
    expect(inserted.operation).toBe('insert');
    expect(inserted.id).not.toBe(change('debezium-create', plain).id);
  });

  test.each([
    ['debezium-truncate', 'truncate'],
    ['debezium-message', 'logicalMessage'],
    ['debezium-heartbeat', 'heartbeat'],
    ['debezium-transaction-begin', 'transaction'],
    ['debezium-transaction-end', 'transaction'],
    ['debezium-schema-change', 'schemaChange'],
    ['dms-control', 'control'],
  ])('%s tells of no change', (name, what) => {
    expect(read(recorded(name), plain)).toBe(what);
  });

  test.each(['', 'null', '{"schema":null,"payload":null}'])('tombstone %j', (value) => {
    expect(read(value)).toBe('tombstone');
  });
});

describe('the outbox event router', () => {
  test.each(['outbox-envelope', 'outbox-envelope-with-schema'])('%s', (name) => {
    const record = feedRecord(recorded(name), 1, '"7781"');
    const read = readChange(readMessage(record), record, resolveFeedOptions({}));
    const id = '406c07f3-26f0-4eea-a50c-109940064b8f';
    expect(read).toMatchObject({
      id,
      table: 'outbox',
      operation: 'insert',
      keys: { id },
      now: {
        type: 'OrderPlaced',
        payload: { orderId: '7781', totalCents: 3050 },
        aggregateId: '7781',
      },
      occurredAt: new Date('2026-06-07T02:00:00.123Z'),
      lane: '"7781"',
    });
  });

  test('id and type must be in the envelope, for Kinesis has no headers', () => {
    expect(() => change('outbox-without-id')).toThrow(/id:envelope:id,type:envelope:type/);
  });

  test("Kafka's headers serve as well", () => {
    const bytes = (text: string) => [...Buffer.from(text)];
    const raw = {
      ...kafkaRecord('{"orderId":"7781"}', 0, '7781'),
      headers: [{ id: bytes('o-1') }, { eventType: bytes('OrderPlaced') }],
    };
    const record = partitionsOf({ records: { 'outbox.event.Order-0': [raw] } })[0]?.[0];
    if (record === undefined) throw new Error('no record');
    expect(readChange(readMessage(record), record, resolveFeedOptions({}))).toMatchObject({
      id: 'o-1',
      now: { type: 'OrderPlaced', payload: { orderId: '7781' }, aggregateId: '7781' },
      occurredAt: new Date(1_780_797_601_987),
    });
  });
});

describe('AWS DMS', () => {
  const tables = { 'public.orders': { primaryKey: ['id'], nullable: ['note'] } };

  test('data, with null where a column was left out, and JSON as the text that it is', () => {
    const { now, keys, ...rest } = change('dms-insert', { tables });
    expect(now).toEqual({
      id: 7781,
      status: 'placed',
      total: 30.5,
      extras: '{"gift": true}',
      note: null,
    });
    expect(keys).toEqual({ id: 7781 });
    expect(rest).toMatchObject({
      table: 'public.orders',
      operation: 'insert',
      lane: 'public.orders\n7781',
      // The commit's time, not that of the message.
      occurredAt: new Date('2026-06-07T02:00:00.123Z'),
    });
  });

  test('the image before an update, and the row that was deleted', () => {
    const updated = change('dms-update', { tables });
    expect([updated.before?.status, updated.now?.status]).toEqual(['placed', 'shipped']);
    const deleted = change('dms-delete', { tables });
    expect(deleted).not.toHaveProperty('now');
    expect(deleted.before).toMatchObject({ id: 7781, status: 'shipped', note: null });
  });

  test('an old image that names its row alone does not pass for NULLs', () => {
    const { data, ...rest } = JSON.parse(recorded('dms-delete')) as { data: object };
    const keyOnly = JSON.stringify({ data: { id: 7781 }, ...rest });
    expect(Object.keys(data)).toContain('status');
    expect(read(keyOnly, { tables })).not.toHaveProperty('before');
  });

  test('the full load is passed over unless one says so', () => {
    expect(read(recorded('dms-load'))).toBe('snapshot');
    expect(change('dms-load', { snapshots: 'insert' }).operation).toBe('insert');
  });

  test('an id comes from the transaction where it is told, else from the stream', () => {
    expect(change('dms-insert', {}, 1).id).toBe(change('dms-insert', {}, 2).id);
    expect(change('dms-insert').id).not.toBe(change('dms-update').id);
    const load = { snapshots: 'insert' } as const;
    expect(change('dms-load', load, 1).id).not.toBe(change('dms-load', load, 2).id);
  });

  test('integers that DMS rounded are no values', () => {
    const { now, untold } = change('dms-insert-scientific');
    expect(now).not.toHaveProperty('id');
    expect(untold.get('id')).toContain('let a transformation rule of the task make the column');
  });
});

test.each([
  ['no JSON', 'Avro', /must be JSON/],
  ['a list', '[1]', /of no feed that is known/],
  ['a flattened row', '{"id":1,"status":"placed"}', /without the transform ExtractNewRecordState/],
  ['an unknown op', '{"op":"x","source":{"connector":"mysql"}}', /op of a Debezium record must be/],
  ['no table', '{"op":"c","source":{"connector":"mysql"},"after":{}}', /source.table/],
  ['no time', '{"op":"c","source":{"connector":"mysql","table":"t"},"after":{}}', /source.ts_ms/],
  ['no operation', '{"data":{},"metadata":{"record-type":"data"}}', /metadata.operation/],
])('%s is refused with a reason', (_, value, reason) => {
  expect(() => read(value, plain)).toThrow(reason);
});

test.each(['dsql-insert', 'dsql-update', 'dsql-delete', 'dsql-chunked', 'dsql-fragment'])(
  '%s is refused by the name of its feed, whatever the handler is set to',
  (name) => {
    const refusal = /^the record is of the change stream of Aurora DSQL, which is not read/;
    expect(() => read(recorded(name), plain)).toThrow(refusal);
    expect(() => read(recorded(name), { ...plain, feed: 'debezium' })).toThrow(refusal);
    const withSchema = `{"schema":{"type":"struct"},"payload":${recorded(name)}}`;
    expect(() => read(withSchema, plain)).toThrow(refusal);
  },
);

test('a record of a DynamoDB table is refused with the handler that reads it', () => {
  const record = '{"eventSource":"aws:dynamodb","tableName":"orders","dynamodb":{"Keys":{}}}';
  expect(() => read(record)).toThrow(/streamHandler of @tidings\/dynamodb/);
});

test.each([
  ['{"op":"c","after":{"secret":1},"ts_ms":1}', '(seen: op, after, ts_ms)'],
  ['{"op":"I","before":null,"table":"t"}', '(seen: op, before, table)'],
  [
    '{"op":"c","after":{},"source":{"origin":"cockroachdb","version":"1","table":"t"}}',
    '(seen: op, after, source, source.version, source.table)',
  ],
  ['{"op":"c","after":{},"source":{"connector":"","txId":7}}', 'source.connector, source.txId)'],
])('%s looks like Debezium, and what it has is named', (value, seen) => {
  const refuse = () => read(value, plain);
  expect(refuse).toThrow(
    /^the record looks like a change event of Debezium and names no source.connector/,
  );
  expect(refuse).toThrow(seen);
  expect(refuse).not.toThrow(/secret|origin|cockroach/);
});

test('what is of no known shape is told by the members that it has, never by its own names', () => {
  const refuse = () => read('{"type":"insert","table":"t","data":{},"secret":1}');
  expect(refuse).toThrow(/seen: type, data, table$/);
  expect(() => read('[]')).toThrow(/seen: no object$/);
});

test('a column of any name is a column', () => {
  const columns = '"id":1,"__proto__":"a","constructor":"b","hasOwnProperty":"c"';
  const row = JSON.parse(`{${columns}}`) as object;
  const source = '{"connector":"postgresql","table":"t","ts_ms":1,"lsn":1}';
  const unavailable = columns.replaceAll(/"[abc]"/g, '"__debezium_unavailable_value"');
  const { now, before } = read(
    `{"op":"u","before":{${columns}},"after":{${unavailable}},"source":${source}}`,
    plain,
  ) as FeedChange;
  for (const image of [now, before]) {
    expect(Object.entries(image ?? {})).toEqual(Object.entries(row));
    expect('toString' in (image ?? {})).toBe(false);
  }
  const dms = read(
    `{"data":{${columns}},"metadata":{"record-type":"data","operation":"insert","table-name":"t","timestamp":"2026-06-07T02:00:00Z"}}`,
  ) as FeedChange;
  expect(Object.entries(dms.now ?? {})).toEqual(Object.entries(row));
});

test('what is no text is refused with a reason', () => {
  const refuse = (bytes: number[]) => () =>
    readMessage({ ...feedRecord(''), data: Buffer.from(bytes).toString('base64') });
  expect(refuse([0xf3, 0x89, 0x9a, 0xc2, 1])).toThrow(/Kinesis Producer Library/);
  expect(refuse([0, 0, 0, 0, 1, 0xff])).toThrow(/JSON in UTF-8, not Avro/);
});

test('options are checked at once', () => {
  expect(() => resolveFeedOptions({ decimals: 'precise' as never })).toThrow(
    /set decimal.handling/,
  );
  expect(() => resolveFeedOptions({ feed: 'dbz' as never })).toThrow(
    "feed must be 'debezium', 'outbox' or 'dms', got 'dbz'",
  );
  expect(() => resolveFeedOptions({ tables: { t: { nullable: ['a'] } } })).toThrow(/primaryKey/);
  expect(() => resolveFeedOptions({ tables: 'orders' as never })).toThrow(
    'tables must be an object',
  );
  expect(() => resolveFeedOptions({ tables: { t: { primaryKeys: ['a'] } as never } })).toThrow(
    'table t has no option "primaryKeys"; did you mean primaryKey?',
  );
});
