import { CaptureError, parseExactJson } from '@tidings/relay';
import type { FeedChange } from '../feed-change.ts';
import { asObject, type JsonObject } from '../json-object.ts';
import type { Message } from '../message.ts';
import type { FeedRecord } from '../partition.ts';
import { connectValue } from './connect-value.ts';
import { readRecordKey } from './record-key.ts';

type ChangeMessage = Extract<Message, { kind: 'change' }>;

/** The table that changes of an outbox are of, whatever its name is in the database. */
const table = 'outbox';
const placement = 'table.fields.additional.placement=id:envelope:id,type:envelope:type';
const identifier = /^[!-~]{1,256}$/;
// Units of a time without a schema, by what is beyond 2286 in the next coarser one.
const beyondMicros = 1e16;
const beyondMillis = 1e13;

function parsePayload(payload: unknown): unknown {
  if (typeof payload !== 'string' || !/^\s*[[{]/.test(payload)) return payload;
  try {
    return parseExactJson(payload);
  } catch {
    return payload;
  }
}

function textOf(value: unknown): string | undefined {
  const isPlain =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
  return isPlain && value !== '' ? String(value) : undefined;
}

/** A time as a column's schema gives it, or a number since 1970 whose size tells its unit. */
function timeOf(value: unknown): Date | undefined {
  if (typeof value === 'string') {
    const hasZone = /(Z|[+-]\d\d:?\d\d)$/.test(value);
    const time = new Date(hasZone || !value.includes('T') ? value : `${value}Z`);
    return Number.isNaN(time.getTime()) ? undefined : time;
  }
  const number = Number(value ?? Number.NaN);
  if (!(number > 0)) return undefined;
  const scale = number >= beyondMicros ? 1e6 : number >= beyondMillis ? 1e3 : 1;
  return new Date(Math.floor(number / scale));
}

/**
 * Reads what Debezium's outbox event router makes of an inserted row: an insert into table
 * `outbox` whose row has `id`, `type`, `payload` (parsed where it is JSON text),
 * `aggregateId` from the record's key, and whatever else is placed in the envelope. It
 * occurred at `occurredAt` where that is placed there
 * (`created_at:envelope:occurredAt`), else when the stream took the record: then an event
 * that the connector sends twice has two ids, and the same idempotency key.
 * @throws CaptureError where it lacks id or type.
 */
export function outboxChange({ body, schema }: ChangeMessage, record: FeedRecord): FeedChange {
  const { headers } = record;
  // Without envelope placement the value is the payload; Kafka's headers have the rest.
  const isBare = !('payload' in body);
  const values = isBare ? { payload: body } : asObject(connectValue(body, schema));
  const row: JsonObject = values ?? {};
  const id = textOf(row.id) ?? headers.get('id');
  const type = textOf(row.type) ?? textOf(row.eventType) ?? headers.get('eventType');
  if (id === undefined || !identifier.test(id)) {
    throw new CaptureError(
      `a record of the outbox event router must have its id in the envelope: set ${placement}`,
    );
  }
  if (type === undefined) {
    throw new CaptureError(
      `a record of the outbox event router must have its type in the envelope: set ${placement}`,
    );
  }
  const occurredAt = timeOf(row.occurredAt) ?? record.arrivedAt;
  if (occurredAt === undefined) {
    throw new CaptureError(
      'a record of the outbox event router must have a time: place it in the envelope with ' +
        'created_at:envelope:occurredAt',
    );
  }
  const aggregateId = textOf(row.aggregateId) ?? textOf(readRecordKey(record.key));
  return {
    id,
    table,
    operation: 'insert',
    keys: { id },
    now: {
      ...row,
      id,
      type,
      payload: parsePayload(row.payload),
      ...(aggregateId !== undefined && { aggregateId }),
    },
    untold: new Map(),
    occurredAt,
    lane: record.key ?? id,
  };
}
