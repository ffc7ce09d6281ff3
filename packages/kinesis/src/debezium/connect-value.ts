import { CaptureError, parseExactJson, rowOf } from '@tidings/relay';
import { asObject, type JsonObject } from '../json-object.ts';
import { decimalText } from './decimal-text.ts';
import { dateText, timestampText, timeText } from './time-text.ts';

type Reader = (value: unknown, schema: JsonObject) => unknown;

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Thrown by readers, and caught where the column's name is known. */
function refuse(what: string): never {
  throw new CaptureError(what);
}

function bytesOf(value: unknown): Uint8Array {
  if (typeof value !== 'string' || !base64.test(value)) return refuse('bytes in base64');
  return new Uint8Array(Buffer.from(value, 'base64'));
}

function integerOf(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  return refuse('an integer');
}

/** Doubles beyond 2^53 came as bigint, long ones as text; NaN and the infinities stay text. */
function floatOf(value: unknown): unknown {
  if (typeof value === 'number') return value;
  if (typeof value !== 'bigint' && typeof value !== 'string') return refuse('a number');
  const number = Number(value);
  return value !== '' && Number.isFinite(number) ? number : value;
}

function scaleOf(schema: JsonObject): number {
  const scale = Number(asObject(schema.parameters)?.scale);
  // Postgres' numeric has 16,383 digits behind the point; anything near a million is an attack.
  return Number.isInteger(scale) && Math.abs(scale) <= 20_000 ? scale : refuse('a scale');
}

function variableDecimal(value: unknown): string {
  const { scale, value: unscaled } = asObject(value) ?? {};
  return decimalText(bytesOf(unscaled), scaleOf({ parameters: { scale } }));
}

const timestamp = (perSecond: bigint): Reader => {
  return (value) => timestampText(integerOf(value), perSecond) ?? refuse('a timestamp');
};
const time = (perSecond: bigint): Reader => {
  return (value) => timeText(integerOf(value), perSecond);
};
const date: Reader = (value) => dateText(integerOf(value)) ?? refuse('a date');

function parsedJson(value: unknown): unknown {
  if (typeof value !== 'string') return refuse('JSON text');
  try {
    return parseExactJson(value);
  } catch {
    return refuse('JSON text');
  }
}

/** By semantic type, which Kafka Connect calls the schema's name. */
const semanticReaders: Readonly<Record<string, Reader>> = {
  'io.debezium.data.Json': parsedJson,
  'io.debezium.data.VariableScaleDecimal': variableDecimal,
  'io.debezium.time.Date': date,
  'io.debezium.time.MicroTime': time(1_000_000n),
  'io.debezium.time.MicroTimestamp': timestamp(1_000_000n),
  'io.debezium.time.NanoTime': time(1_000_000_000n),
  'io.debezium.time.NanoTimestamp': timestamp(1_000_000_000n),
  'io.debezium.time.Time': time(1_000n),
  'io.debezium.time.Timestamp': timestamp(1_000n),
  'org.apache.kafka.connect.data.Date': date,
  'org.apache.kafka.connect.data.Decimal': (value, schema) =>
    decimalText(bytesOf(value), scaleOf(schema)),
  'org.apache.kafka.connect.data.Time': time(1_000n),
  'org.apache.kafka.connect.data.Timestamp': timestamp(1_000n),
};

/** Schemas of the members of a struct. */
export function memberSchemas(
  schema: JsonObject | undefined,
): ReadonlyMap<unknown, JsonObject | undefined> {
  const fields = schema?.fields;
  if (!Array.isArray(fields)) return new Map();
  return new Map(fields.map((field) => [asObject(field)?.field, asObject(field)]));
}

function readStruct(value: unknown, schema: JsonObject): unknown {
  const struct = asObject(value) ?? refuse('an object');
  const schemas = memberSchemas(schema);
  return rowOf(
    Object.entries(struct).map(([name, member]) => [name, connectValue(member, schemas.get(name))]),
  );
}

function readArray(value: unknown, schema: JsonObject): unknown {
  if (!Array.isArray(value)) return refuse('an array');
  const items = asObject(schema.items);
  return value.map((item) => connectValue(item, items));
}

/** Maps whose keys are text are objects, others lists of pairs, which stay as they are. */
function readMap(value: unknown, schema: JsonObject): unknown {
  const map = asObject(value);
  if (map === undefined) return value;
  const values = asObject(schema.values);
  return rowOf(Object.entries(map).map(([name, member]) => [name, connectValue(member, values)]));
}

/** By literal type. */
const literalReaders: Readonly<Record<string, Reader>> = {
  array: readArray,
  bytes: bytesOf,
  double: floatOf,
  float: floatOf,
  map: readMap,
  struct: readStruct,
};

/**
 * A value as its schema means it, in the forms in which all of Tidings hands over rows:
 * decimals as text, dates, times and timestamps as ISO 8601 text to their own precision,
 * bytes as Uint8Array, JSON parsed, integers beyond 2^53 as bigint. Without a schema, and
 * for types that say nothing more, as it is.
 * @throws CaptureError that names what was expected, never the value.
 */
export function connectValue(value: unknown, schema: JsonObject | undefined): unknown {
  if (value === null || value === undefined || schema === undefined) return value;
  const { name, type } = schema;
  const semantic = typeof name === 'string' && Object.hasOwn(semanticReaders, name);
  if (semantic) return (semanticReaders[name] as Reader)(value, schema);
  const literal = typeof type === 'string' && Object.hasOwn(literalReaders, type);
  return literal ? (literalReaders[type] as Reader)(value, schema) : value;
}
