import { CaptureError, rowOf } from '@tidings/relay';
import { asObject, type JsonObject } from '../json-object.ts';
import { connectValue, memberSchemas } from './connect-value.ts';
import type { IsUnavailable } from './unavailable-value.ts';

/** A row image as Debezium sent it, its values read by their schema. */
export interface ConnectRow {
  readonly values: Record<string, unknown>;
  /** Columns that are there and have no value that can be read, and why. */
  readonly untold: ReadonlyMap<string, string>;
}

const unchanged =
  'is large, did not change and was therefore not sent; let the table send whole rows (in ' +
  'Postgres with REPLICA IDENTITY FULL), or leave the column out of the schema';
const variableScale =
  'is a decimal in bytes; set decimal.handling.mode of the connector to string, or ' +
  'value.converter.schemas.enable to true';

function isVariableDecimal(value: unknown): boolean {
  const struct = asObject(value);
  return struct !== undefined && Object.keys(struct).sort().join() === 'scale,value';
}

/**
 * Reads a row image.
 * @throws CaptureError where a value is not what its schema says.
 */
export function readConnectRow(
  table: string,
  image: JsonObject,
  schema: JsonObject | undefined,
  isUnavailable: IsUnavailable,
): ConnectRow {
  const schemas = memberSchemas(schema);
  const untold = new Map<string, string>();
  const values: [string, unknown][] = [];
  for (const column of Object.keys(image)) {
    const value = image[column];
    if (isUnavailable(value)) untold.set(column, unchanged);
    else if (schema === undefined && isVariableDecimal(value)) untold.set(column, variableScale);
    else values.push([column, readColumn(table, column, value, schemas.get(column))]);
  }
  return { values: rowOf(values), untold };
}

function readColumn(
  table: string,
  column: string,
  value: unknown,
  schema: JsonObject | undefined,
): unknown {
  try {
    return connectValue(value, schema);
  } catch (error) {
    const expected = error instanceof CaptureError ? error.message : 'a value of its type';
    throw new CaptureError(
      `column ${column} of ${table} must hold ${expected}, as its schema says`,
    );
  }
}
