import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ConfigurationError } from './configuration-error.ts';
import type { Row, RowChange } from './row-change.ts';

/**
 * Which images of a row a feed carries. DynamoDB: the stream's view type. Postgres:
 * `new-and-old` with REPLICA IDENTITY FULL, else `new`.
 */
export type RowImages = 'new-and-old' | 'new' | 'old' | 'keys';

/**
 * Which rows are of an entity. Every part that is given must hold; a table whose rows are
 * all of one entity needs none.
 */
export interface RowMatch {
  /** Name of the table. */
  readonly table?: string;
  /** Beginnings of key values: `{ pk: 'ORDER#', sk: 'META' }`. */
  readonly keyPrefix?: Readonly<Record<string, string>>;
  /** Values of columns or attributes: `{ type: 'Order' }`. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

/** One kind of row: how it is recognised and what it looks like. `rowEntity` makes one. */
export interface RowEntity<
  Schema extends StandardSchemaV1 = StandardSchemaV1,
  Images extends RowImages = RowImages,
> {
  /** Names the entity in reasons and logs: `order`. */
  readonly name: string;
  /**
   * What its rows look like: any Standard Schema that validates synchronously. Mappings get
   * what it makes of a row; a row that it refuses is poison.
   */
  readonly schema: Schema;
  /** Default: every row. */
  readonly match?: RowMatch | ((change: RowChange) => boolean);
  /** Which images the feed carries. Default: `new-and-old`. */
  readonly images?: Images;
}

const allImages: readonly RowImages[] = ['new-and-old', 'new', 'old', 'keys'];

/** @throws ConfigurationError */
export function checkEntity(entity: Partial<RowEntity> | undefined): void {
  const { name, schema, match } = entity ?? {};
  if (typeof name !== 'string' || name === '') {
    throw new ConfigurationError(
      'an entity must have a name: write rowEntity({ name: "order", schema: z.object({ … }) })',
    );
  }
  // ArkType's schemas are functions.
  const isObject = (typeof schema === 'object' && schema !== null) || typeof schema === 'function';
  if (!isObject || !('~standard' in schema)) {
    throw new ConfigurationError(
      `schema of entity ${name} must be a Standard Schema, such as z.object({ … })`,
    );
  }
  const isMatch = typeof match === 'object' || typeof match === 'function';
  if (match !== undefined && (match === null || !isMatch)) {
    throw new ConfigurationError(
      `match of entity ${name} must be { table, keyPrefix, attributes } or a function, ` +
        `got ${match === null ? 'null' : typeof match}`,
    );
  }
  if (entity?.images !== undefined && !allImages.includes(entity.images)) {
    throw new ConfigurationError(
      `images of entity ${name} must be one of ${allImages.join(', ')}, got ${entity.images}`,
    );
  }
}

/**
 * Describes one kind of row; the compiler knows its rows and images from here on:
 *
 * ```ts
 * const orderItem = rowEntity({
 *   name: 'order',
 *   schema: z.object({ orderId: z.string(), status: z.string() }),
 *   match: { keyPrefix: { pk: 'ORDER#' } },
 * });
 * ```
 * @throws ConfigurationError where it is malformed.
 */
export function rowEntity<
  Schema extends StandardSchemaV1,
  const Images extends RowImages = 'new-and-old',
>(entity: RowEntity<Schema, Images>): RowEntity<Schema, Images> {
  checkEntity(entity);
  return Object.freeze({ ...entity });
}

function matches(match: RowMatch, change: RowChange): boolean {
  const { table, keyPrefix = {}, attributes = {} } = match;
  if (table !== undefined && table !== change.table) return false;
  for (const key in keyPrefix) {
    const value = change.keys[key];
    if (typeof value !== 'string' || !value.startsWith(keyPrefix[key] as string)) return false;
  }
  const image: Row = change.now ?? change.before ?? change.keys;
  for (const name in attributes) if (image[name] !== attributes[name]) return false;
  return true;
}

/** Whether a change is of an entity. A match function may throw: the caller decides. */
export function isOfEntity(entity: RowEntity, change: RowChange): boolean {
  const { match } = entity;
  if (match === undefined) return true;
  return typeof match === 'function' ? match(change) : matches(match, change);
}
