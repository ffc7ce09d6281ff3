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
import {
  createScenarioTable,
  playScenario,
  type Scenario,
  scenarios,
  scenarioTypes,
} from '../../support/table-scenario.ts';

let cluster: PostgresCluster;
let database: ShopDatabase;
let tables = 0;

beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
  database = await createShopDatabase(cluster);
  await database.query(`create publication everything for all tables; ${scenarioTypes}`);
  await database.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [
    database.slot,
  ]);
});
afterAll(async () => {
  await database.close();
  await cluster.stop();
});

/** Makes the next table, plays what happens to it, and gives the log of it. */
async function logOf(scenario: Scenario): Promise<readonly Buffer[]> {
  // What an earlier one that failed may have left behind.
  await database.query('rollback');
  await takeLog();
  tables += 1;
  const table = `samples_${tables}`;
  await createScenarioTable(database, table, scenario);
  await playScenario(database, table, scenario);
  return takeLog();
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
      const chunks = await logOf(scenario);
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
