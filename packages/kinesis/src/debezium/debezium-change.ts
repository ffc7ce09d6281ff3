import { CaptureError, type Row, type RowOperation, rowOf } from '@tidings/relay';
import type { FeedChange } from '../feed-change.ts';
import type { FeedSettings } from '../feed-settings.ts';
import { asObject, type JsonObject } from '../json-object.ts';
import type { Message, Silent } from '../message.ts';
import type { FeedRecord } from '../partition.ts';
import { keysIn, laneOf } from '../row-keys.ts';
import { type ConnectRow, readConnectRow } from './connect-row.ts';
import { memberSchemas } from './connect-value.ts';
import { primaryKeyOf } from './record-key.ts';
import { debeziumId } from './source-position.ts';

type ChangeMessage = Extract<Message, { kind: 'change' }>;

const operations: Readonly<Record<string, RowOperation | Silent>> = {
  c: 'insert',
  d: 'remove',
  m: 'logicalMessage',
  r: 'snapshot',
  t: 'truncate',
  u: 'modify',
};
const silentOperations: readonly string[] = ['logicalMessage', 'truncate'];
const maxMs = Date.UTC(9999, 11, 31);
/** What stands for NULL, or for nothing known, in columns of every type. */
const blanks: readonly unknown[] = [null, undefined, '', '{}', '[]', 0, false, 'AA=='];

function committedAt(source: JsonObject): Date {
  const { ts_ms: ms } = source;
  if (typeof ms !== 'number' || !(ms > 0 && ms <= maxMs)) {
    throw new CaptureError(
      'source.ts_ms of a Debezium record must be the time of the change in milliseconds since 1970',
    );
  }
  return new Date(ms);
}

/** `public.orders`, or `inventory.orders` where the database has no schemas. */
function tableOf({ schema, db, table }: JsonObject): string {
  if (typeof table !== 'string' || table === '') {
    throw new CaptureError(
      'source.table of a Debezium record must name a table: only relational connectors are read',
    );
  }
  const space = typeof schema === 'string' && schema !== '' ? schema : db;
  return typeof space === 'string' && space !== '' ? `${space}.${table}` : table;
}

/**
 * Whether the image of a row that was removed holds its key alone. Without REPLICA IDENTITY
 * FULL the Postgres connector fills the other columns with null or their types' zero, which
 * nobody must take for the row. One such column proves nothing: `done` may well be false.
 */
function isKeyOnly(image: JsonObject, keys: Row): boolean {
  const others = Object.keys(image).filter((column) => !Object.hasOwn(keys, column));
  return others.length > 1 && others.every((column) => blanks.includes(image[column]));
}

/** Fills in what did not change and was not sent from the image before, where that has it. */
function mergeUnchanged(now: ConnectRow, before: ConnectRow | undefined): ConnectRow {
  if (before === undefined || now.untold.size === 0) return now;
  const untold = new Map(now.untold);
  const values = Object.entries(now.values);
  for (const column of now.untold.keys()) {
    const value = before.values[column];
    // What is stored out of line is large: anything blank is the connector's stopgap.
    if (!Object.hasOwn(before.values, column) || blanks.includes(value)) continue;
    values.push([column, value]);
    untold.delete(column);
  }
  return { values: rowOf(values), untold };
}

/**
 * Reads a change event of a relational Debezium connector.
 * @returns what kind of record it is where it tells of no change of a row.
 * @throws CaptureError where it is malformed, or cannot be read without a schema.
 */
export function debeziumChange(
  { body, schema }: ChangeMessage,
  record: FeedRecord,
  settings: FeedSettings,
): FeedChange | Silent {
  const op = String(body.op);
  const operation = Object.hasOwn(operations, op) ? operations[op] : undefined;
  if (operation === undefined) {
    throw new CaptureError('op of a Debezium record must be c, r, u, d, t or m');
  }
  if (silentOperations.includes(operation)) return operation as Silent;
  if (operation === 'snapshot' && settings.snapshots === 'ignore') return 'snapshot';
  if (schema === undefined && settings.decimals === undefined) {
    throw new CaptureError(
      'a Debezium record without its schema does not tell which columns are decimals: set ' +
        "decimal.handling.mode of the connector to string and decimals: 'string' here, or " +
        'value.converter.schemas.enable to true',
    );
  }
  const source = asObject(body.source) ?? {};
  const table = tableOf(source);
  const schemas = memberSchemas(schema);
  const readImage = (name: 'before' | 'after'): ConnectRow | undefined => {
    const image = asObject(body[name]);
    if (image === undefined) return undefined;
    return readConnectRow(table, image, schemas.get(name), settings.isUnavailable);
  };
  const facts = settings.tables.get(table);
  const before = readImage('before');
  const sent = readImage('after');
  const now = sent === undefined ? undefined : mergeUnchanged(sent, before);
  const row = (now ?? before)?.values;
  const keys = keysIn(row, facts?.primaryKey) ?? primaryKeyOf(record.key);
  const hidesOld =
    operation === 'remove' &&
    source.connector === 'postgresql' &&
    isKeyOnly(asObject(body.before) ?? {}, keys);
  return {
    id: debeziumId(body, source, keys, record),
    table,
    operation: operation === 'snapshot' ? 'insert' : (operation as RowOperation),
    keys,
    ...(now !== undefined && { now: now.values }),
    ...(before !== undefined && !hidesOld && { before: before.values }),
    ...(now !== undefined && now.untold.size > 0 && { omitted: [...now.untold.keys()] }),
    untold: new Map([...(before?.untold ?? []), ...(now?.untold ?? [])]),
    occurredAt: committedAt(source),
    lane: laneOf(table, keys, record.key),
  };
}
