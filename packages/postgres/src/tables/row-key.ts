import type { Relation } from '../wal/pgoutput.ts';

/** What the catalog says of a table's columns now. */
export interface CatalogColumns {
  /** Columns of the primary key, in its order; none where there is no primary key. */
  readonly primaryKey: readonly string[];
  /** Columns that the stream carries, with their types, in the table's order. */
  readonly columns: ReadonlyMap<string, number>;
}

/** Whether the stream describes a table with the columns that the catalog has now. */
export function hasColumnsOf({ columns: names }: Relation, { columns }: CatalogColumns): boolean {
  return names.length === columns.size && names.every((name) => columns.has(name));
}

/**
 * Columns of the key of a table's rows as they are called in the stream: the primary key, or
 * where there is none the replica identity. The stream tells a primary key only where that
 * is the replica identity, so otherwise the catalog does, which may have changed since the
 * change was written: columns that were only renamed stand at the same places. Null where
 * that does not tell.
 */
export function rowKeyOf(relation: Relation, catalog: CatalogColumns): readonly string[] | null {
  const { columns, typeOids, inIdentity, replicaIdentity } = relation;
  const identity = columns.filter((_, i) => inIdentity[i] === true);
  const { primaryKey } = catalog;
  if (replicaIdentity === 'default' && identity.length > 0) {
    const same = primaryKey.length === identity.length;
    return same && primaryKey.every((column) => identity.includes(column)) ? primaryKey : identity;
  }
  if (primaryKey.length === 0) return replicaIdentity === 'index' ? identity : [];
  if (primaryKey.every((column) => columns.includes(column))) return primaryKey;
  const now = [...catalog.columns];
  const renamedOnly =
    now.length === columns.length && now.every(([, type], i) => type === typeOids[i]);
  if (!renamedOnly) return replicaIdentity === 'index' ? identity : null;
  return primaryKey.map((column) => columns[now.findIndex(([name]) => name === column)] as string);
}
