import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { captureTable, setUpTableCapture, tableSource } from '@tidings/postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readChanges } from '../../support/read-changes.ts';
import { createShopDatabase, type ShopDatabase } from '../../support/shop-database.ts';

let cluster: PostgresCluster;
let database: ShopDatabase;

beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createShopDatabase(cluster);
  await database.query(
    `create type mood as enum ('sad', 'happy, really');
     create domain cents as bigint check (value >= 0);
     create domain tags as text[];
     create type point3 as (x int, y int, z text)`,
  );
});
afterEach(() => database.close());

/** Inserts one row and gives what a mapping sees of it. */
async function seen(columns: Readonly<Record<string, readonly [string, string]>>) {
  const names = Object.keys(columns);
  const definitions = names.map((name) => `${name} ${columns[name]?.[0]}`);
  await database.query(`create table samples (${definitions.join(', ')})`);
  const rows: unknown[] = [];
  const { url: connection, slot } = database;
  const tables = [
    captureTable({
      table: 'samples',
      schema: z.looseObject({}),
      insert(now): undefined {
        rows.push(now);
      },
    }),
  ];
  await setUpTableCapture({ connection, slot, tables });
  // Settings that change what text looks like must not reach the stream.
  await database.query(
    `alter database "${slot}" set datestyle to 'German';
     alter database "${slot}" set intervalstyle to 'sql_standard';
     alter database "${slot}" set bytea_output to 'escape';
     alter database "${slot}" set extra_float_digits to 0;
     alter database "${slot}" set timezone to 'Asia/Tokyo'`,
  );
  await database.query(
    `insert into samples values (${names.map((name) => columns[name]?.[1]).join(', ')})`,
  );
  const source = tableSource({ connection, slot, tables });
  const { changes } = await readChanges(source, 1);
  for (const change of changes) source.capture(change);
  return rows[0] as Record<string, unknown>;
}

test('numbers: exact ones as numbers, bigger ones as bigint, decimals as text', async () => {
  expect(
    await seen({
      small: ['smallint', '-32768'],
      whole: ['integer', '2147483647'],
      big: ['bigint', '9007199254740991'],
      bigger: ['bigint', '9007199254740993'],
      least: ['bigint', '-9223372036854775808'],
      identifier: ['oid', '4294967295'],
      price: ['numeric(20, 4)', '1234567890123456.7800'],
      any_price: ['numeric', "'NaN'"],
      single: ['real', '0.1'],
      double: ['double precision', '0.30000000000000004'],
      endless: ['double precision', "'-Infinity'"],
    }),
  ).toEqual({
    small: -32768,
    whole: 2147483647,
    big: 9007199254740991,
    bigger: 9007199254740993n,
    least: -9223372036854775808n,
    identifier: 4294967295,
    price: '1234567890123456.7800',
    any_price: 'NaN',
    single: 0.1,
    double: 0.30000000000000004,
    endless: '-Infinity',
  });
});

test('times in ISO 8601 to the microsecond, whatever the database is set to', async () => {
  expect(
    await seen({
      instant: ['timestamptz', "'2026-06-07 04:00:00.123456+02'"],
      whole: ['timestamptz', "'2026-06-07 02:00:00Z'"],
      local: ['timestamp', "'2026-06-07 02:00:00.5'"],
      day: ['date', "'2026-06-07'"],
      clock: ['time', "'02:00:00.25'"],
      forever: ['timestamptz', "'infinity'"],
      ides: ['timestamp', "'0044-03-15 12:00:00 BC'"],
      far: ['timestamptz', "'20000-01-01 00:00:00Z'"],
      span: ['interval', "'1 day 02:03:04'"],
    }),
  ).toEqual({
    instant: '2026-06-07T02:00:00.123456Z',
    whole: '2026-06-07T02:00:00Z',
    local: '2026-06-07T02:00:00.5',
    day: '2026-06-07',
    clock: '02:00:00.25',
    forever: 'infinity',
    ides: '0044-03-15 12:00:00 BC',
    far: '20000-01-01 00:00:00+00',
    span: '1 day 02:03:04',
  });
});

test('JSON is parsed without losing a digit, bytes are bytes, the rest is text', async () => {
  const blanks = 'ab  ';
  expect(
    await seen({
      document: ['json', `'{"n": 12345678901234567890, "d": 1.10, "s": "12345678901234567890"}'`],
      binary_document: [
        'jsonb',
        `'[0.1000000000000000055511151231257827, null, 9007199254740993]'`,
      ],
      json_null: ['jsonb', "'null'"],
      bytes: ['bytea', String.raw`'\x00ff5c'`],
      none: ['bytea', "''"],
      yes: ['boolean', 'true'],
      no: ['boolean', 'false'],
      nothing: ['boolean', 'null'],
      padded: ['char(4)', "'ab'"],
      marked: ['text', String.raw`U&'\FEFFé🚀'`],
      id: ['uuid', "'00000000-0000-0000-0000-00000000000A'"],
      address: ['inet', "'10.0.0.1/8'"],
    }),
  ).toEqual({
    document: { n: 12345678901234567890n, d: 1.1, s: '12345678901234567890' },
    binary_document: ['0.1000000000000000055511151231257827', null, 9007199254740993n],
    json_null: null,
    bytes: new Uint8Array([0, 255, 92]),
    none: new Uint8Array([]),
    yes: true,
    no: false,
    nothing: null,
    padded: blanks,
    marked: '\uFEFFé🚀',
    id: '00000000-0000-0000-0000-00000000000a',
    address: '10.0.0.1/8',
  });
});

test('enums, domains, composites and arrays of all of them', async () => {
  expect(
    await seen({
      feeling: ['mood', "'sad'"],
      feelings: ['mood[]', "array['happy, really', null]::mood[]"],
      price: ['cents', '5'],
      prices: ['cents[]', "'{1,9007199254740993}'"],
      labels: ['tags', String.raw`array['a "b" \ {c}', '', null, 'NULL']`],
      grid: ['int[][]', "'{{1,2},{3,NULL}}'"],
      shifted: ['int[]', "'[0:1]={7,8}'"],
      empty: ['timestamptz[]', "'{}'"],
      instants: ['timestamptz[]', "array['2026-06-07 02:00:00Z'::timestamptz]"],
      documents: ['jsonb[]', `array['{"a": [1, "x,y"]}'::jsonb]`],
      boxes: ['box[]', "array['((1,2),(3,4))'::box, '((0,0),(1,1))'::box]"],
      flags: ['boolean[]', "'{t,f}'"],
      place: ['point3', "(1, 2, 'x,y')"],
      places: ['point3[]', "array[(1, 2, 'x,y')::point3]"],
      vector: ['int2vector', "'1 2'"],
      window_of: ['int4range', "'[1,5)'"],
    }),
  ).toEqual({
    feeling: 'sad',
    feelings: ['happy, really', null],
    price: 5,
    prices: [1, 9007199254740993n],
    labels: ['a "b" \\ {c}', '', null, 'NULL'],
    grid: [
      [1, 2],
      [3, null],
    ],
    shifted: [7, 8],
    empty: [],
    instants: ['2026-06-07T02:00:00Z'],
    documents: [{ a: [1, 'x,y'] }],
    boxes: ['(3,4),(1,2)', '(1,1),(0,0)'],
    flags: [true, false],
    place: '(1,2,"x,y")',
    places: ['(1,2,"x,y")'],
    vector: '1 2',
    window_of: '[1,5)',
  });
});

test('a generated column is not in the stream', async () => {
  const row = await seen({
    n: ['int', '1'],
    doubled: ['int generated always as (n * 2) stored', 'default'],
  });
  expect(row).toEqual({ n: 1 });
});
