import { CaptureError, parseExactJson } from '@tidings/relay';
import { looksLikeDebezium, refuseForeign, refuseUnknown } from './foreign-feed.ts';
import { asObject, type JsonObject } from './json-object.ts';
import type { FeedRecord } from './partition.ts';

/** Who wrote a record: Debezium's connectors, its outbox event router, or AWS DMS. */
export type Feed = 'debezium' | 'outbox' | 'dms';

/** Kinds of records that tell of no change of a row. */
export type Silent =
  | 'tombstone'
  | 'heartbeat'
  | 'transaction'
  | 'schemaChange'
  | 'truncate'
  | 'logicalMessage'
  | 'control'
  | 'snapshot';

/** A record that was read, before anything is made of it. */
export type Message =
  | {
      readonly kind: 'change';
      readonly feed: Feed;
      readonly body: JsonObject;
      /** Kafka Connect's schema of the body, where the converter wrote it along. */
      readonly schema: JsonObject | undefined;
    }
  | { readonly kind: 'silent'; readonly what: Silent };

const utf8 = new TextDecoder('utf-8', { fatal: true });
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** How records begin into which the Kinesis Producer Library packed several. */
const kplMagic = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);

const silent = (what: Silent): Message => ({ kind: 'silent', what });

function textOf(data: unknown): string {
  if (typeof data !== 'string' || !base64.test(data)) {
    throw new CaptureError('the value of a record must be text in base64, as Lambda passes it');
  }
  const bytes = Buffer.from(data, 'base64');
  if (bytes.subarray(0, 4).equals(kplMagic)) {
    throw new CaptureError(
      'the record holds several that the Kinesis Producer Library packed: turn its aggregation off',
    );
  }
  try {
    return utf8.decode(bytes);
  } catch {
    throw new CaptureError(
      'the value of a record must be JSON in UTF-8, not Avro or another binary format: set the ' +
        "connector's value converter to JSON",
    );
  }
}

function parse(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    // Not the parser's message: it quotes the value.
    throw new CaptureError(
      "the value of a record must be JSON: set the connector's value converter to JSON",
    );
  }
}

/**
 * Told by its shape; undefined where it is none that is known.
 * @throws CaptureError where it is of a feed that is known, and not read.
 */
function classify(
  body: JsonObject,
  schema: JsonObject | undefined,
  headers: ReadonlyMap<string, string>,
): Message | undefined {
  const { metadata } = body;
  refuseForeign(body);
  if (looksLikeDebezium(body)) return { kind: 'change', feed: 'debezium', body, schema };
  const recordType = asObject(metadata)?.['record-type'];
  if (recordType === 'control') return silent('control');
  if (recordType === 'data') return { kind: 'change', feed: 'dms', body, schema };
  if (asObject(body.source) !== undefined && ('ddl' in body || 'tableChanges' in body)) {
    return silent('schemaChange');
  }
  const { status, id } = body;
  if ((status === 'BEGIN' || status === 'END') && id !== undefined && 'ts_ms' in body) {
    return silent('transaction');
  }
  const names = Object.keys(body);
  if (names.length > 0 && names.every((name) => /^ts_(ms|us|ns)$/.test(name))) {
    return silent('heartbeat');
  }
  if ('payload' in body || headers.has('eventType')) {
    return { kind: 'change', feed: 'outbox', body, schema };
  }
  return undefined;
}

/**
 * Reads a record and tells by its shape who wrote it. No digit of a number is lost.
 * @throws CaptureError where it is of no feed that is known.
 */
export function readMessage(record: FeedRecord): Message {
  const { data, headers } = record;
  if (data === null || data === undefined || data === '') return silent('tombstone');
  const value = parse(textOf(data));
  if (value === null) return silent('tombstone');
  const whole = asObject(value);
  if (whole !== undefined) {
    const { schema, payload } = whole;
    const hasSchema = Object.keys(whole).length === 2 && 'schema' in whole && 'payload' in whole;
    if (hasSchema && payload === null) return silent('tombstone');
    const body = hasSchema ? (asObject(payload) ?? {}) : whole;
    const message = classify(body, hasSchema ? asObject(schema) : undefined, headers);
    return message ?? refuseUnknown(body);
  }
  return refuseUnknown(undefined);
}
