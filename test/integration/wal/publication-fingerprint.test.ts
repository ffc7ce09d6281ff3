import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  findAlteration,
  isFingerprint,
  keepFingerprint,
  readFingerprint,
} from '../../../packages/postgres/src/wal/publication-fingerprint.ts';
import { postgresMajor } from '../../support/postgres-major.ts';

let cluster: PostgresCluster;
let sql: pg.Client;

beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
  await cluster.createDatabase('shop');
  sql = new pg.Client(cluster.url('shop'));
  await sql.connect();
});
afterAll(async () => {
  await sql.end();
  await cluster.stop();
});
beforeEach(async () => {
  await sql.query(
    `create schema shop;
     set search_path = shop;
     create table plain (id int primary key, note text);
     create table numbers (id int primary key);
     create table days (id int primary key, note text) partition by range (id);
     create table day1 partition of days for values from (0) to (100);
     create table day2 partition of days for values from (100) to (200);
     create table rest partition of days default;
     insert into days values (1, 'one'), (101, 'two');
     create publication shop for table plain, numbers, days with (publish_via_partition_root = true)`,
  );
});
afterEach(() => sql.query('drop publication if exists shop; drop schema shop cascade'));

const tables = ['plain', 'numbers', 'days'].map((table) => ({ schema: 'shop', table }));

const fingerprint = async (): Promise<string> =>
  (await readFingerprint(sql, 'shop', tables)) as string;

/** What is found after statements, each in a transaction of its own. */
async function foundAfter(...statements: readonly string[]): Promise<string | undefined> {
  const before = await fingerprint();
  for (const statement of statements) await sql.query(statement);
  return (await findAlteration(sql, before, await fingerprint(), undefined))?.sentence;
}

const bounds = 'for values from (200) to (300)';
const make = 'create table day3 (like days including all)';
const attach = `alter table days attach partition day3 ${bounds}`;
const publish = 'create publication shop for table plain, numbers, days';
const viaRoot = 'with (publish_via_partition_root = true)';

test.each<readonly [string, readonly string[], string]>([
  ['is dropped and made again', ['drop publication shop', `${publish} ${viaRoot}`], 'made again'],
  [
    'leaves out an operation for a while',
    [
      `alter publication shop set (publish = 'delete')`,
      `alter publication shop set (publish = 'insert, update, delete, truncate')`,
    ],
    'altered',
  ],
  [
    'takes partitions for tables for a while',
    [
      'alter publication shop set (publish_via_partition_root = false)',
      'alter publication shop set (publish_via_partition_root = true)',
    ],
    'altered',
  ],
  [
    'lets go of a table for a while',
    ['alter publication shop drop table plain', 'alter publication shop add table plain'],
    'shop.plain was taken out',
  ],
  [
    'has a table that is dropped and made again',
    [
      'drop table plain',
      'create table plain (id int primary key, note text)',
      'alter publication shop add table plain',
    ],
    'shop.plain was dropped and made again',
  ],
  [
    'has a table that another one takes the place of',
    [
      'create table other (like plain including all)',
      'alter table plain rename to old; alter table other rename to plain',
    ],
    'shop.plain was dropped and made again',
  ],
  [
    'has a partition that is detached, written to and attached again',
    [
      'alter table days detach partition day1',
      'insert into day1 values (2)',
      'alter table days attach partition day1 for values from (0) to (100)',
    ],
    'partition shop.day1 was attached, and had rows by then',
  ],
  [
    'gets a table with rows as a partition',
    [make, 'insert into day3 values (201)', attach],
    'partition shop.day3 was attached, and had rows by then',
  ],
  [
    'gets a table as a partition that was made and filled in the same transaction',
    [`${make}; insert into day3 values (201); ${attach}`],
    'partition shop.day3 was attached, and had rows by then',
  ],
  [
    'gets a partitioned table with rows as a partition',
    [
      `create table day3 (id int primary key, note text) partition by range (id);
       create table day3a partition of day3 for values from (200) to (250)`,
      'insert into day3 values (201)',
      attach,
    ],
    'partition shop.day3 was attached, and had rows by then',
  ],
  [
    'has a partition that is unlogged for a while',
    ['alter table day1 set unlogged', 'alter table day1 set logged'],
    'shop.day1 was rewritten by ALTER TABLE',
  ],
  [
    'has a partition that is unlogged for a while beside columns that come',
    [
      'alter table days add column more int default 1',
      'alter table day1 set unlogged',
      'alter table day1 set logged',
      'alter table days add column most text',
    ],
    'shop.day1 was rewritten by ALTER TABLE',
  ],
  [
    'gets a partition that is unlogged for a while',
    [`create table day3 partition of days ${bounds}`, 'alter table day3 set unlogged'],
    'shop.day3 was rewritten by ALTER TABLE',
  ],
])('a publication that %s is found altered', async (_name, statements, words) => {
  expect(await foundAfter(...statements)).toContain(words);
});

describe.skipIf(postgresMajor() < 15)('from PostgreSQL 15', () => {
  test.each<readonly [string, readonly string[], string]>([
    [
      'a row filter for a while',
      [
        `alter publication shop set table plain where (id > 5), numbers, days`,
        'alter publication shop set table plain, numbers, days',
      ],
      'shop.plain was taken out',
    ],
    [
      'a column list for a while',
      [
        'alter publication shop set table plain (id), numbers, days',
        'alter publication shop set table plain, numbers, days',
      ],
      'shop.plain was taken out',
    ],
  ])('a publication that has %s is found altered', async (_name, statements, words) => {
    expect(await foundAfter(...statements)).toContain(words);
  });

  const bySchema = `drop publication shop;
    create publication shop for tables in schema shop ${viaRoot}`;

  test.each<readonly [string, readonly string[]]>([
    [
      'is moved away for a while',
      [
        'create schema away',
        'alter table plain set schema away',
        'alter table away.plain set schema shop',
        'drop schema away',
      ],
    ],
    [
      'is unpublished with the schema for a while',
      [
        'alter publication shop drop tables in schema shop',
        'alter publication shop add tables in schema shop',
      ],
    ],
  ])('a table that is published with its schema and %s is found', async (_name, statements) => {
    await sql.query(bySchema);
    expect(await foundAfter(...statements)).toContain('moved out of the published schema');
  });

  test('the schema of a publication may take in others and hold other tables', async () => {
    await sql.query(bySchema);
    const found = await foundAfter(
      'create schema away; alter publication shop add tables in schema away',
      'create table other (id int primary key); grant select on plain to public',
      'drop schema away cascade',
    );
    expect(found).toBeUndefined();
  });
});

test.each<readonly [string, readonly string[]]>([
  [
    'VACUUM FULL, CLUSTER and REINDEX',
    ['vacuum full', 'cluster day1 using day1_pkey', 'reindex table day1'],
  ],
  ['ANALYZE and VACUUM', ['analyze', 'vacuum']],
  ['TRUNCATE', ['truncate day1; truncate plain']],
  [
    'GRANT, policies, triggers and comments',
    [
      'grant select on plain, days, day1 to public',
      'alter table plain enable row level security; create policy all_rows on plain',
      `create function nothing() returns trigger language plpgsql as 'begin return null; end'`,
      'create trigger nothing after insert on days for each row execute function nothing()',
      `comment on table plain is 'plain'`,
    ],
  ],
  [
    'another owner',
    [
      `do $$ begin create role another; exception when duplicate_object then end $$`,
      'alter table plain owner to another; alter table day1 owner to another',
    ],
  ],
  [
    'columns that come, go and change',
    [
      'alter table plain add column more text; alter table plain drop column note',
      'alter table days add column at timestamptz default clock_timestamp()',
      'alter table days alter column note type bytea using note::bytea',
      'alter table plain alter column more set not null',
      'alter table days alter column at set not null',
      'alter table days alter column note set not null',
    ],
  ],
  [
    'constraints, indexes and storage',
    [
      'alter table plain add check (id >= 0); create index on days (note)',
      'alter table plain set (fillfactor = 50); alter table day1 alter column note set storage plain',
    ],
  ],
  [
    'a first long column that comes and goes',
    ['alter table numbers add column note text', 'alter table numbers drop column note'],
  ],
  ['another replica identity', ['alter table plain replica identity full']],
  [
    'a rename there and back, which the stream follows',
    ['alter table plain rename to other', 'alter table other rename to plain'],
  ],
  ['a partition that is made', [`create table day3 partition of days ${bounds}`]],
  [
    'a partition that is made apart and attached empty',
    [make, attach, 'insert into days values (201)'],
  ],
  [
    'a partition that is made and filled through its table in the same transaction',
    [`create table day3 partition of days ${bounds}; insert into days values (201)`],
  ],
  [
    'a partition that a trigger of an older transaction makes and fills',
    [
      `begin;
       select pg_current_xact_id();
       do $$ begin
         create table shop.day3 partition of shop.days ${bounds};
       exception when duplicate_table then
       end $$;
       insert into days values (201);
       commit`,
    ],
  ],
  ['a partition that is dropped', ['drop table day1']],
  ['a partition that is detached', ['alter table days detach partition day1']],
  [
    'another table in the publication',
    ['create table o (id int); alter publication shop add table o'],
  ],
])('%s is no alteration', async (_name, statements) => {
  expect(await foundAfter(...statements)).toBeUndefined();
});

test('a role that may not read a partition trusts one that was made in place alone', async () => {
  await sql.query(
    `do $$ begin create role blind; exception when duplicate_object then end $$;
     grant usage on schema shop to blind`,
  );
  const asBlind = async (...statements: readonly string[]): Promise<string | undefined> => {
    const before = await fingerprint();
    for (const statement of statements) await sql.query(statement);
    await sql.query('set role blind');
    try {
      return (await findAlteration(sql, before, await fingerprint(), undefined))?.sentence;
    } finally {
      await sql.query('reset role');
    }
  };
  expect(await asBlind(`create table day4 partition of days for values from (300) to (400)`)).toBe(
    undefined,
  );
  expect(await asBlind(make, attach)).toContain('whether it had rows by then cannot be read');
});

test.each<readonly [string, readonly string[], string | undefined]>([
  ['as it was', ['insert into days values (151)'], undefined],
  ['with a row that it got meanwhile', ['insert into day1 values (51)'], 'had rows by then'],
])('a partition that was noted as detached comes back %s', async (_name, statements, words) => {
  const kept = await fingerprint();
  const { rows } = await sql.query<{ now: string }>('select pg_current_snapshot()::text as now');
  await sql.query('alter table days detach partition day1');
  const noted = keepFingerprint(kept, await fingerprint(), rows[0]?.now, []);
  expect(await findAlteration(sql, noted, await fingerprint(), undefined)).toBe(undefined);
  expect(isFingerprint(noted, await fingerprint())).toBe(true);
  for (const statement of statements) await sql.query(statement);
  await sql.query('alter table days attach partition day1 for values from (0) to (100)');
  const found = await findAlteration(sql, noted, await fingerprint(), undefined);
  expect(found?.sentence.includes(words ?? '')).toBe(words === undefined ? undefined : true);
});
