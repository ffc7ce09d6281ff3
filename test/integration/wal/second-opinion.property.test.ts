import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import fc from 'fast-check';
import pg from 'pg';
import type { MessageRelation } from 'pg-logical-replication/dist/output-plugins/pgoutput/pgoutput.types.js';
import { PgoutputParser } from 'pg-logical-replication/dist/output-plugins/pgoutput/pgoutput-parser.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatLsn } from '../../../packages/postgres/src/lsn.ts';
import {
  decodePgoutput,
  type OldRow,
  type PgoutputMessage,
  type Relation,
  type Tuple,
  unchanged,
} from '../../../packages/postgres/src/wal/pgoutput.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { createShopDatabase, type ShopDatabase } from '../../support/shop-database.ts';

let cluster: PostgresCluster;
let database: ShopDatabase;
let tables = 0;

beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
  database = await createShopDatabase(cluster);
  await database.query(
    `create publication everything for all tables;
     create type mood as enum ('sad', 'ok', 'happy 🚀');
     create domain cents as bigint`,
  );
  await database.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [
    database.slot,
  ]);
});
afterAll(async () => {
  await database.close();
  await cluster.stop();
});

/** Text that Postgres can hold: no zero byte. */
const text = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .map((value) => value.replaceAll('\0', ''));
const bomOrText = fc.oneof({ weight: 9, arbitrary: text }, fc.constant('\uFEFFmarked\uFEFF'));
/** Long enough to be stored beside the row, and then left out of updates that spare it. */
const large = fc
  .tuple(text, fc.integer({ min: 2_000, max: 9_000 }))
  .map(([seed, length]) => `${seed}é`.repeat(length).slice(0, length));
const day = fc
  .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString());

/** Literals of each type, as text that is cast. */
const valuesOf: Readonly<Record<string, fc.Arbitrary<string>>> = {
  text: fc.oneof(bomOrText, large),
  'varchar(40)': text,
  int: fc.integer().map(String),
  bigint: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  numeric: fc.tuple(fc.bigInt(), fc.nat(999)).map(([whole, part]) => `${whole}.${part}`),
  'double precision': fc.oneof(fc.double().map(String), fc.constantFrom('NaN', '-Infinity')),
  boolean: fc.boolean().map(String),
  timestamptz: fc.oneof(day, fc.constant('infinity')),
  date: day,
  json: fc.json({ maxDepth: 2 }).filter((value) => !value.includes('\\u0000')),
  jsonb: fc.json({ maxDepth: 2 }).filter((value) => !/\\u0000|\\ud|e\+?\d{3}/i.test(value)),
  bytea: fc
    .uint8Array({ maxLength: 20 })
    .map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`),
  'int[]': fc.array(fc.integer(), { maxLength: 4 }).map((list) => `{${list.join(',')}}`),
  mood: fc.constantFrom('sad', 'ok', 'happy 🚀'),
  cents: fc.nat().map(String),
};
const typeNames = Object.keys(valuesOf);

interface Column {
  readonly name: string;
  readonly type: string;
}

type Step =
  | { readonly kind: 'insert'; readonly values: readonly (string | null)[] }
  | { readonly kind: 'update'; readonly column: number; readonly value: string | null }
  | { readonly kind: 'rekey' | 'delete' | 'truncate' | 'commit' | 'rollback' | 'savepoint' }
  | { readonly kind: 'message'; readonly content: string };

interface Scenario {
  readonly columns: readonly Column[];
  readonly identity: 'default' | 'full' | 'index' | 'nothing';
  readonly steps: readonly Step[];
}

const columnName = text.filter((name) => name !== '' && Buffer.byteLength(name) < 60);
const columnLists = fc.uniqueArray(
  fc.record({ name: columnName, type: fc.constantFrom(...typeNames) }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 5 },
);

function stepsFor(columns: readonly Column[]): fc.Arbitrary<readonly Step[]> {
  const literalOf = (column: number): fc.Arbitrary<string | null> =>
    fc.option(valuesOf[columns[column]?.type ?? 'text'] as fc.Arbitrary<string>, { freq: 5 });
  const insert = fc
    .tuple(...columns.map((_, i) => literalOf(i)))
    .map((values): Step => ({ kind: 'insert', values }));
  const update = fc
    .nat(columns.length - 1)
    .chain((column) => literalOf(column).map((value): Step => ({ kind: 'update', column, value })));
  const other = fc.oneof(
    fc.constantFrom<Step['kind']>('rekey', 'delete', 'truncate', 'commit', 'rollback', 'savepoint'),
  );
  return (
    fc
      .array(
        fc.oneof(
          { weight: 5, arbitrary: insert },
          { weight: 4, arbitrary: update },
          { weight: 4, arbitrary: other.map((kind) => ({ kind }) as Step) },
          { weight: 1, arbitrary: text.map((content): Step => ({ kind: 'message', content })) },
        ),
        { minLength: 3, maxLength: 14 },
      )
      // Without a row there is nothing to change.
      .chain((steps) => insert.map((first) => [first, first, ...steps]))
  );
}

const scenarios: fc.Arbitrary<Scenario> = columnLists.chain((columns) =>
  fc.record({
    columns: fc.constant(columns),
    identity: fc.constantFrom('default', 'full', 'index', 'nothing'),
    steps: stepsFor(columns),
  }),
);

/** Writes a scenario into the log, in transactions of its own. */
async function play({ columns, identity, steps }: Scenario): Promise<void> {
  // What an earlier one that failed may have left behind.
  await database.query('rollback');
  await takeLog();
  tables += 1;
  const table = `samples_${tables}`;
  const quoted = columns.map(({ name }) => pg.escapeIdentifier(`${name}.`));
  const definitions = columns.map(({ type }, i) => `${quoted[i]} ${type}`);
  await database.query(
    `create table ${table} (id int generated by default as identity primary key,
       other int not null default 0, ${definitions.join(', ')});
     create unique index ${table}_key on ${table} (other, id);
     alter table ${table} replica identity
       ${identity === 'index' ? `using index ${table}_key` : identity}`,
  );
  for (const [i, { type }] of columns.entries()) {
    if (type === 'text') {
      await database.query(`alter table ${table} alter ${quoted[i]} set storage external`);
    }
  }
  await database.query('begin');
  for (const step of steps) await take(step);
  await database.query('commit');

  async function take(step: Step): Promise<void> {
    // What a table without an identity publishes may only be inserted.
    const changes = step.kind === 'update' || step.kind === 'rekey' || step.kind === 'delete';
    if (identity === 'nothing' && changes) return;
    switch (step.kind) {
      case 'insert': {
        const values = columns.map(({ type }, i) => `$${i + 1}::text::${type}`);
        await database.query(
          `insert into ${table} (${quoted.join(', ')}) values (${values.join(', ')})`,
          step.values,
        );
        return;
      }
      case 'update':
        await database.query(
          `update ${table} set ${quoted[step.column]} = $1::text::${columns[step.column]?.type}`,
          [step.value],
        );
        return;
      case 'rekey':
        await database.query(`update ${table} set id = id + 1000, other = other + 1`);
        return;
      case 'delete':
        await database.query(`delete from ${table} where id = (select max(id) from ${table})`);
        return;
      case 'truncate':
        await database.query(`truncate ${table}`);
        return;
      case 'message':
        await database.query("select pg_logical_emit_message(true, 'tests', $1)", [step.content]);
        return;
      case 'savepoint':
        await database.query(
          `savepoint s; insert into ${table} (other) values (7); rollback to savepoint s`,
        );
        return;
      default:
        await database.query(`${step.kind}; begin`);
    }
  }
}

/** Takes from the slot what has come into the log. */
async function takeLog(): Promise<readonly Buffer[]> {
  const rows = await database.query(
    `select data from pg_logical_slot_get_binary_changes('${database.slot}', null, null,
       'proto_version', '1', 'publication_names', 'everything', 'messages', 'true')`,
  );
  return rows.map(({ data }) => data as Buffer);
}

type Values = Readonly<Record<string, unknown>>;

/** Says what our decoder found in the words of the other one, whose losses it shares. */
function inTheirWords(message: PgoutputMessage, relations: Map<number, Relation>): unknown {
  const relationOf = (oid: number): Relation => relations.get(oid) as Relation;
  switch (message.kind) {
    case 'begin':
      return {
        tag: 'begin',
        xid: message.xid,
        commitLsn: padded(message.commitLsn),
        commitTime: message.committedAtMicros + 946_684_800_000_000n,
      };
    case 'commit':
      return { tag: 'commit', commitEndLsn: padded(message.endLsn) };
    case 'relation': {
      const { oid, schema, table, replicaIdentity, columns, typeOids, inIdentity } =
        message.relation;
      relations.set(oid, message.relation);
      return {
        tag: 'relation',
        relationOid: oid,
        schema,
        name: table,
        replicaIdentity,
        columns: columns.map((name, i) => ({ name: unmarked(name), typeOid: typeOids[i] })),
        keyColumns: columns.filter((_, i) => inIdentity[i]).map(unmarked),
      };
    }
    case 'insert':
      return { tag: 'insert', new: valuesIn(message.now, relationOf(message.relationOid)) };
    case 'update': {
      const relation = relationOf(message.relationOid);
      const old = oldIn(message.before, relation);
      return { tag: 'update', ...old, new: valuesIn(message.now, relation, old.old) };
    }
    case 'delete':
      return { tag: 'delete', ...oldIn(message.before, relationOf(message.relationOid)) };
    case 'truncate':
      return { tag: 'truncate', relations: message.relationOids };
    case 'message': {
      const { transactional, prefix, content } = message;
      return { tag: 'message', transactional, prefix, content };
    }
    case 'other':
      return { tag: message.tag === 'Y' ? 'type' : message.tag };
  }
}

const padded = (lsn: bigint): string =>
  formatLsn(lsn)
    .split('/')
    .map((half) => half.padStart(8, '0'))
    .join('/');

/** The other decoder takes a leading byte order mark off every text. */
const unmarked = (value: string): string => value.replace(/^\uFEFF/, '');

function valuesIn(tuple: Tuple, { columns, typeOids }: Relation, old?: Values | null): Values {
  return Object.fromEntries(
    columns.map((name, i) => {
      const value = tuple[i];
      const key = unmarked(name);
      if (value === unchanged) return [key, old?.[key]];
      if (typeof value !== 'string') return [key, null];
      return [key, pg.types.getTypeParser(typeOids[i] as number)(unmarked(value))];
    }),
  );
}

function oldIn(
  before: OldRow | undefined,
  relation: Relation,
): { readonly key: Values | null; readonly old: Values | null } {
  if (before === undefined) return { key: null, old: null };
  const values = valuesIn(before.values, relation);
  if (before.kind === 'full') return { key: null, old: values };
  const keys = relation.columns.filter((_, i) => relation.inIdentity[i]).map(unmarked);
  return { key: Object.fromEntries(keys.map((key) => [key, values[key]])), old: null };
}

/** What the other decoder says, as far as ours says it too. */
function asTheyPutIt(message: ReturnType<PgoutputParser['parse']>): unknown {
  switch (message.tag) {
    case 'commit':
      return { tag: 'commit', commitEndLsn: message.commitEndLsn };
    case 'relation':
      return {
        ...pick(message),
        columns: message.columns.map(({ name, typeOid }) => ({ name, typeOid })),
      };
    case 'insert':
      return { tag: 'insert', new: { ...message.new } };
    case 'update': {
      const { key, old } = message;
      return {
        tag: 'update',
        key: key && { ...key },
        old: old && { ...old },
        new: { ...message.new },
      };
    }
    case 'delete': {
      const { key, old } = message;
      return { tag: 'delete', key: key && { ...key }, old: old && { ...old } };
    }
    case 'truncate':
      return { tag: 'truncate', relations: message.relations.map((each) => each.relationOid) };
    case 'message': {
      const { transactional, prefix, content } = message;
      return {
        tag: 'message',
        transactional,
        prefix,
        content: Buffer.from(content).toString('utf8'),
      };
    }
    case 'type':
      return { tag: 'type' };
    default:
      return message;
  }
}

function pick({ tag, relationOid, schema, name, replicaIdentity, keyColumns }: MessageRelation) {
  return { tag, relationOid, schema, name, replicaIdentity, keyColumns };
}

test('the same log says the same to pg-logical-replication’s decoder', async () => {
  const seen = new Set<string>();
  let unchangedValues = 0;
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      await play(scenario);
      const chunks = await takeLog();
      const relations = new Map<number, Relation>();
      const parser = new PgoutputParser();
      for (const chunk of chunks) {
        const ours = decodePgoutput(chunk, 0);
        seen.add(ours.kind === 'update' ? `update ${ours.before?.kind ?? 'bare'}` : ours.kind);
        if (ours.kind === 'update' && ours.now.includes(unchanged)) unchangedValues += 1;
        expect(inTheirWords(ours, relations)).toEqual(asTheyPutIt(parser.parse(chunk)));
      }
    }),
    { numRuns: 150 },
  );
  // The scenarios reach every kind of message, or the test says less than it seems to.
  expect([...seen].toSorted()).toEqual([
    ...['begin', 'commit', 'delete', 'insert', 'message', 'other', 'relation', 'truncate'],
    ...['update bare', 'update full', 'update key'],
  ]);
  expect(unchangedValues).toBeGreaterThan(0);
});
