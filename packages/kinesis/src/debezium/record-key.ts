import { parseExactJson, type Row } from '@tidings/relay';
import { asObject } from '../json-object.ts';
import { connectValue } from './connect-value.ts';

/**
 * What the key of a record says, read by its schema if it has one; its text where it is not
 * JSON, and undefined where there is none.
 */
export function readRecordKey(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    const key = parseExactJson(text);
    const whole = asObject(key);
    if (whole === undefined || !('schema' in whole && 'payload' in whole)) return key;
    return connectValue(whole.payload, asObject(whole.schema));
  } catch {
    // A table without a key has `default`, or whatever else the sink writes for none.
    return text;
  }
}

/** The values of a primary key; none where the record's key is no object. */
export function primaryKeyOf(text: string | undefined): Row {
  return asObject(readRecordKey(text)) ?? {};
}
