import type { StandardSchemaV1 } from '@standard-schema/spec';
import {
  ConfigurationError,
  captureRows,
  type MappedChange,
  type MappedEvents,
  type Row,
  type RowCapture,
  type RowMapping,
} from '@tidings/relay';
import type { TableDemand } from './table-inspection.ts';
import { formatTableName, parseTableName } from './table-name.ts';

/**
 * Which images of a row a mapping reads: `new-and-old` needs REPLICA IDENTITY FULL where
 * it maps modify or remove; `new` gets no old row, only the key of a removed one.
 */
export type TableImages = 'new-and-old' | 'new';

/** A change of a table as mappings see it. */
export interface MappedTableChange extends MappedChange {
  /**
   * Replica identity of the row before an update that changed it, where the whole old row
   * was not sent.
   */
  readonly previousKeys?: Row;
}

type RowOf<Schema extends StandardSchemaV1> = StandardSchemaV1.InferOutput<Schema>;
type OldRowOf<Schema extends StandardSchemaV1, Images extends TableImages> = 'new' extends Images
  ? undefined
  : RowOf<Schema>;

/**
 * Which events tell of a table's changes. The functions are those of `captureRows`:
 * synchronous, depending on their arguments only, making events with `create`, which takes
 * id and time from the change.
 */
export interface TableMapping<Schema extends StandardSchemaV1, Images extends TableImages> {
  /** Name as SQL writes it: `orders`, `shop.orders`, `shop."Order Lines"`. */
  readonly table: string;
  /**
   * What its rows look like to the mapping: any Standard Schema that validates
   * synchronously, zod's for example; columns that it does not name are left out.
   *
   * Values come as: boolean; smallint, integer, bigint, oid as number, or as bigint where
   * they are beyond 2^53; real and double precision as number, NaN and the infinities as
   * text; numeric and money as text; timestamp and timestamptz as ISO 8601 text to the
   * microsecond, timestamptz in UTC, infinity and years BC as Postgres writes them; json
   * and jsonb parsed, integers beyond 2^53 as bigint and other numbers that no double holds
   * as text; bytea as Uint8Array; arrays as arrays; a domain as its base type; enums,
   * dates, uuid and every other type as the text that Postgres writes.
   */
  readonly schema: Schema;
  /** Default `new-and-old`. */
  readonly images?: Images;
  insert?(now: RowOf<Schema>, change: MappedTableChange): MappedEvents;
  modify?(
    now: RowOf<Schema>,
    before: OldRowOf<Schema, Images>,
    change: MappedTableChange,
  ): MappedEvents;
  remove?(before: OldRowOf<Schema, Images>, change: MappedTableChange): MappedEvents;
  /**
   * A row that is in the table after the slot was lost: `onSlotLoss: 'snapshot'` gives
   * every row to it. What happened to it in between is not known.
   */
  snapshot?(now: RowOf<Schema>, change: MappedTableChange): MappedEvents;
}

/** A table with its mapping, checked. */
export interface CapturedTable extends TableDemand {
  readonly changes: RowCapture;
  readonly snapshot: RowCapture | undefined;
}

/**
 * Captures the changes of a table.
 * @throws ConfigurationError where the mapping is malformed.
 */
export function captureTable<
  Schema extends StandardSchemaV1,
  const Images extends TableImages = 'new-and-old',
>(mapping: TableMapping<Schema, Images>): CapturedTable {
  const { table, schema, images = 'new-and-old', snapshot, ...changes } = mapping;
  const name = parseTableName(table);
  const label = formatTableName(name);
  if (images !== 'new-and-old' && images !== 'new') {
    throw new ConfigurationError(
      `images of table ${label} must be 'new-and-old' or 'new', got '${images}'`,
    );
  }
  const capture = (functions: object): RowCapture =>
    captureRows({ entity: { name: label, schema, images }, ...functions } as unknown as RowMapping);
  const mapsRemoval = changes.remove !== undefined;
  return Object.freeze({
    name,
    label,
    operations: Object.freeze([
      ...(changes.insert === undefined ? [] : (['insert'] as const)),
      ...(changes.modify === undefined ? [] : (['update'] as const)),
      // A truncate removes rows too; it must not pass unnoticed.
      ...(mapsRemoval ? (['delete', 'truncate'] as const) : []),
    ]),
    needsOldRow: images === 'new-and-old' && (mapsRemoval || changes.modify !== undefined),
    changes: capture(changes),
    snapshot: snapshot === undefined ? undefined : capture({ insert: snapshot }),
  });
}
