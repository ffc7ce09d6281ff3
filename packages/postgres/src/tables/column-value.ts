import { parseExactJson } from '@tidings/relay';

/** Turns the text of a value into what JavaScript holds of it without loss. */
export type ValueReader = (text: string) => unknown;

const asText: ValueReader = (text) => text;

/** A number where it is exact, a bigint beyond 2^53. */
const asInteger: ValueReader = (text) => {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
};

/** NaN and the infinities, which JSON does not know, stay text. */
const asFloat: ValueReader = (text) => {
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
};

/** `2026-06-07 02:00:00.123456+00` in ISO 8601; infinity and years BC stay as they are. */
const asTimestamp: ValueReader = (text) =>
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?(\+00)?$/.test(text)
    ? text.replace(' ', 'T').replace('+00', 'Z')
    : text;

const asBytes: ValueReader = (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex'));

/** By oid of `pg_type`; every type that is not here is text. */
const readers: Readonly<Record<number, ValueReader>> = {
  16: (text) => text === 't', // boolean
  17: asBytes, // bytea
  20: asInteger, // bigint
  21: asInteger, // smallint
  23: asInteger, // integer
  26: asInteger, // oid
  114: parseExactJson, // json
  700: asFloat, // real
  701: asFloat, // double precision
  1114: asTimestamp, // timestamp
  1184: asTimestamp, // timestamptz
  3802: parseExactJson, // jsonb
};

/** The reader of a type that the server brings along. */
export function builtInReader(oid: number): ValueReader {
  return readers[oid] ?? asText;
}
