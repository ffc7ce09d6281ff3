import { CaptureError } from '@tidings/relay';
import { asObject, type JsonObject } from './json-object.ts';

/** Members that feeds are told apart by: a record's other names may be its owner's secret. */
const telling: readonly string[] = [
  'op',
  'before',
  'after',
  'source',
  'type',
  'metadata',
  'data',
  'payload',
  'schema',
  'database',
  'table',
  'ts_ms',
];
const tellingOfSource: readonly string[] = ['connector', 'version', 'txId', 'cluster', 'table'];

/** Image and source as Debezium has them, whoever wrote them. */
export function looksLikeDebezium(body: JsonObject): boolean {
  return typeof body.op === 'string' && ('source' in body || 'after' in body || 'before' in body);
}

/** Every connector of Debezium names itself in what it writes. */
export function isOfConnector(body: JsonObject): boolean {
  const connector = asObject(body.source)?.connector;
  return typeof connector === 'string' && connector !== '';
}

/**
 * Whether Aurora DSQL wrote a record, whole or in pieces: a transaction's id in base32, and
 * no connector. https://docs.aws.amazon.com/aurora-dsql/latest/userguide/cdc-record-format.html
 */
function isOfDsql(body: JsonObject): boolean {
  const { type } = body;
  if (type === 'fragment' && 'chunk_id' in body) return true;
  const source = asObject(body.source);
  if (source === undefined || isOfConnector(body)) return false;
  const isTyped = type === 'full' || type === 'chunked';
  return typeof source.txId === 'string' && (isTyped || typeof source.cluster === 'string');
}

function seenIn(body: JsonObject): string {
  const source = asObject(body.source) ?? {};
  const seen = [
    ...telling.filter((name) => Object.hasOwn(body, name)),
    ...tellingOfSource
      .filter((name) => Object.hasOwn(source, name))
      .map((name) => `source.${name}`),
  ];
  return seen.length === 0 ? 'none of the members that feeds are told by' : seen.join(', ');
}

/**
 * Refuses a record whose writer is known and is not read, or that only looks like Debezium's.
 * @throws CaptureError that names the feed.
 */
export function refuseForeign(body: JsonObject): void {
  if (isOfDsql(body)) {
    throw new CaptureError(
      'the record is of the change stream of Aurora DSQL, which is not read: take the stream off ' +
        "this handler's event source mapping",
    );
  }
  if (body.eventSource === 'aws:dynamodb' && asObject(body.dynamodb) !== undefined) {
    throw new CaptureError(
      'the record is of a DynamoDB table: read the stream of the table itself, with streamHandler ' +
        'of @tidings/dynamodb',
    );
  }
  if (looksLikeDebezium(body) && !isOfConnector(body)) {
    throw new CaptureError(
      `the record looks like a change event of Debezium and names no source.connector (seen: ${seenIn(body)}): ` +
        'it is of a feed that is not known, so take the stream off the event source mapping',
    );
  }
}

/** @throws CaptureError that says which feeds are known, and what was seen instead. */
export function refuseUnknown(body: JsonObject | undefined): never {
  const seen = body === undefined ? 'no object' : seenIn(body);
  throw new CaptureError(
    'the record is of no feed that is known: it must be a change event of Debezium (without the ' +
      'transform ExtractNewRecordState), its outbox event router with ' +
      'table.fields.additional.placement=id:envelope:id,type:envelope:type, or AWS DMS in JSON; ' +
      `seen: ${seen}`,
  );
}
