import { CaptureError, type RowOperation, rowOf } from '@tidings/relay';
import { placeId, sourceId } from '../change-id.ts';
import type { FeedChange } from '../feed-change.ts';
import type { FeedSettings } from '../feed-settings.ts';
import { asObject, type JsonObject } from '../json-object.ts';
import type { Message, Silent } from '../message.ts';
import type { FeedRecord } from '../partition.ts';
import { keysIn, laneOf } from '../row-keys.ts';

type ChangeMessage = Extract<Message, { kind: 'change' }>;

const operations: Readonly<Record<string, RowOperation | 'snapshot'>> = {
  delete: 'remove',
  insert: 'insert',
  load: 'snapshot',
  update: 'modify',
};
const scientific = /^-?\d(?:\.\d+)?[eE]\+?\d+$/;
const rounded =
  'is a large number in scientific notation, in which AWS DMS writes integers of more than 16 ' +
  'digits and loses digits; let a transformation rule of the task make the column a string, or ' +
  'leave it out of the schema';

/** DMS' own notation, whether it survived as a number or only as the text that it was. */
function isRounded(value: unknown): boolean {
  if (typeof value === 'number') return Math.abs(value) > Number.MAX_SAFE_INTEGER;
  return (
    typeof value === 'string' &&
    scientific.test(value) &&
    Math.abs(Number(value)) > Number.MAX_SAFE_INTEGER
  );
}

interface DmsRow {
  readonly values: Record<string, unknown>;
  readonly untold: readonly string[];
}

/** The row, with null again where it was left out. */
function readRow(image: JsonObject, nullable: readonly string[] = []): DmsRow {
  const columns = Object.keys(image);
  const untold = columns.filter((column) => isRounded(image[column]));
  const told = columns.filter((column) => !untold.includes(column));
  const missing = nullable.filter((column) => !Object.hasOwn(image, column));
  return {
    values: rowOf<unknown>([
      ...told.map((column) => [column, image[column]] as const),
      ...missing.map((column) => [column, null] as const),
    ]),
    untold,
  };
}

/** Whether an old image names its row and holds nothing of it; that is not to pass for NULLs. */
function isKeyOnly(image: JsonObject, primaryKey: readonly string[] | undefined): boolean {
  if (primaryKey === undefined) return false;
  return Object.keys(image).every((column) => primaryKey.includes(column));
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The commit's time where the task tells it, else when DMS built the record. */
function committedAt(metadata: JsonObject): Date {
  const time = new Date(text(metadata['commit-timestamp']) ?? text(metadata.timestamp) ?? '');
  if (Number.isNaN(time.getTime())) {
    throw new CaptureError('metadata.timestamp of a DMS record must be a time in ISO 8601');
  }
  return time;
}

/** The change's place in the source's log, where `IncludeTransactionDetails` tells it. */
function dmsId(metadata: JsonObject, table: string, record: FeedRecord): string {
  const position = text(metadata['stream-position']);
  const { operation } = metadata;
  const place = [metadata['transaction-id'], metadata['transaction-record-id']];
  const isKnown = place.every((part) => part !== undefined && part !== null && part !== '');
  if (position === undefined || !isKnown || operation === 'load') return placeId(record);
  return sourceId('dms', [table, operation, position, ...place]);
}

/**
 * Reads a data record of AWS DMS. Values are as DMS writes them: columns of type json are
 * text, binary is hexadecimal text.
 * @returns `snapshot` for a row of the full load that is to be passed over.
 * @throws CaptureError where it is malformed.
 */
export function dmsChange(
  { body }: ChangeMessage,
  record: FeedRecord,
  settings: FeedSettings,
): FeedChange | Silent {
  const metadata = asObject(body.metadata) ?? {};
  const name = String(metadata.operation);
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (operation === undefined) {
    throw new CaptureError(
      'metadata.operation of a DMS data record must be load, insert, update or delete',
    );
  }
  if (operation === 'snapshot' && settings.snapshots === 'ignore') return 'snapshot';
  const tableName = text(metadata['table-name']);
  if (tableName === undefined) {
    throw new CaptureError('metadata.table-name of a DMS data record must name a table');
  }
  const schemaName = text(metadata['schema-name']);
  const table = schemaName === undefined ? tableName : `${schemaName}.${tableName}`;
  const data = asObject(body.data);
  if (data === undefined) throw new CaptureError('data of a DMS data record must be an object');
  const facts = settings.tables.get(table);
  const sent = readRow(data, facts?.nullable);
  const old = asObject(body[settings.beforeImage]);
  const oldRow = old === undefined ? undefined : readRow(old, facts?.nullable);
  const isRemoval = operation === 'remove';
  const now = isRemoval ? undefined : sent;
  const oldImage = old ?? (isRemoval ? data : undefined);
  const isWhole = oldImage !== undefined && !isKeyOnly(oldImage, facts?.primaryKey);
  const before = isWhole ? (oldRow ?? sent) : undefined;
  const keys = keysIn(sent.values, facts?.primaryKey) ?? {};
  const untold = new Set([...sent.untold, ...(oldRow?.untold ?? [])]);
  return {
    id: dmsId(metadata, table, record),
    table,
    operation: operation === 'snapshot' ? 'insert' : operation,
    keys,
    ...(now !== undefined && { now: now.values }),
    ...(before !== undefined && { before: before.values }),
    untold: new Map([...untold].map((column) => [column, rounded])),
    adviceOnMissing:
      'AWS DMS leaves out columns that are NULL: name them as nullable in tables ' +
      `["${table}"], or set IncludeNullAndEmpty of the endpoint`,
    occurredAt: committedAt(metadata),
    lane: laneOf(table, keys, record.key),
  };
}
