import type pg from 'pg';
import { parseArrayLiteral } from './tables/array-literal.ts';

type Parser = (text: string) => unknown;

const textArray: Parser = (text) => parseArrayLiteral(text, ',', (element) => element);
const integerArray: Parser = (text) => parseArrayLiteral(text, ',', Number);

/** By the oid of the type, which is the same in every version of PostgreSQL. */
const parsers: ReadonlyMap<number, Parser> = new Map([
  [16, (text) => text === 't'], // bool
  [21, Number], // int2
  [23, Number], // int4
  [26, Number], // oid
  [700, Number], // float4
  [701, Number], // float8
  [114, JSON.parse], // json
  [3802, JSON.parse], // jsonb
  [1003, textArray], // name[]
  [1009, textArray], // text[]
  [1015, textArray], // varchar[]
  [1005, integerArray], // int2[]
  [1007, integerArray], // int4[]
  [1184, parseTimestamp], // timestamptz
]);

/**
 * How Tidings' own queries read their results, whatever the process has told
 * `pg.types.setTypeParser`, which holds for every connection of a process. What is not listed
 * stays text, int8 and numeric among it.
 */
export const sessionTypes: pg.CustomTypesConfig = Object.freeze({
  getTypeParser: ((oid: number) =>
    parsers.get(oid) ?? ((text: string) => text)) as pg.CustomTypesConfig['getTypeParser'],
});

/** ISO, as `datestyle` is pinned; JavaScript wants a `T`, and minutes in the offset. */
function parseTimestamp(text: string): Date {
  return new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
}
