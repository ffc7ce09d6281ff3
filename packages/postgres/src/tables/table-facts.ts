import type pg from 'pg';
import type { TableName } from '../wal/wal-layout.ts';
import type { CatalogColumns } from './row-key.ts';

/** What a relation publishes of a row that was updated or deleted, all things considered. */
export type EffectiveIdentity =
  | 'full'
  /** The columns of its primary key. */
  | 'key'
  /** The columns of another index. */
  | 'index'
  /** Nothing: an update or delete that is to be published fails. */
  | 'none';

/** A relation that holds rows of a captured table: itself, a partition, or an heir. */
export interface RowHolder extends TableName {
  readonly oid: number;
  /** Whether it is a child by INHERITS, which is published by itself or not at all. */
  readonly heir: boolean;
  /** False for a foreign table, whose changes are in another server's log. */
  readonly local: boolean;
  readonly identity: EffectiveIdentity;
  /** `p`ermanent, `u`nlogged or `t`emporary. */
  readonly persistence: string;
  /** What it is a partition or heir of. */
  readonly parent: TableName | null;
}

/** A table that another one is a partition of. */
export interface PartitionAncestor extends TableName {
  /** Whether the publication publishes its partitions under its name. */
  readonly published: boolean;
}

/** What the catalog says of a captured table. */
export interface TableFacts extends CatalogColumns {
  readonly oid: number;
  /** As in `pg_class.relkind`. */
  readonly kind: string;
  /** What it is a partition of, from the nearest on. */
  readonly ancestors: readonly PartitionAncestor[];
  /** Whether the publication filters its rows or columns. */
  readonly filtered: boolean;
  readonly holders: readonly RowHolder[];
}

interface Row extends Omit<TableFacts, 'oid' | 'primaryKey' | 'columns'> {
  readonly oid: string;
  readonly primary_key: string[] | null;
  readonly columns: readonly (readonly [name: string, type: number])[] | null;
}

/** Looks a table up; undefined where there is nothing of that name. */
export async function readTableFacts(
  sql: pg.ClientBase,
  publication: string,
  { schema, table }: TableName,
): Promise<TableFacts | undefined> {
  const { rows } = await sql.query<Row>(factsSql, [schema, table, publication]);
  if (rows[0] === undefined) return undefined;
  const { oid, primary_key, columns, ...facts } = rows[0];
  return {
    ...facts,
    oid: Number(oid),
    primaryKey: primary_key ?? [],
    columns: new Map(columns),
  };
}

/** OIDs of all tables that there are, so that others are known to be new or gone. */
export async function readTableOids(sql: pg.ClientBase): Promise<ReadonlySet<number>> {
  const { rows } = await sql.query<{ oids: number[] }>(
    `select coalesce(json_agg(oid::int8), '[]') as oids from pg_class where relkind in ('r', 'p')`,
  );
  return new Set(rows[0]?.oids);
}

// A publication that has no column list says JSON's null of `prattrs`.
const factsSql = `
  select c.oid::text as oid, c.relkind as kind,
         (select json_agg(a.attname order by k.ordinality)
          from pg_index i
          cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, ordinality)
          join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
            and k.ordinality <= i.indnkeyatts
          where i.indrelid = c.oid and i.indisprimary) as primary_key,
         (select json_agg(json_build_array(a.attname, a.atttypid::int8) order by a.attnum)
          from pg_attribute a
          where a.attrelid = c.oid and a.attnum > 0
            and not a.attisdropped and a.attgenerated = ''
            and not exists (
              select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
              where r.prrelid = c.oid and p.pubname = $3
                and jsonb_typeof(to_jsonb(r) -> 'prattrs') = 'array'
                and not to_jsonb(r) -> 'prattrs' @> to_jsonb(a.attnum))) as columns,
         (select coalesce(json_agg(json_build_object(
                   'schema', n.nspname, 'table', t.relname,
                   'published', exists (
                     select from pg_publication p
                     join pg_publication_tables pt on pt.pubname = p.pubname
                     where p.pubname = $3 and p.pubviaroot
                       and pt.schemaname = n.nspname and pt.tablename = t.relname))), '[]')
          from pg_partition_ancestors(c.oid) ancestor
          join pg_class t on t.oid = ancestor.relid and t.oid <> c.oid
          join pg_namespace n on n.oid = t.relnamespace) as ancestors,
         exists (select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
                 where r.prrelid = c.oid and p.pubname = $3
                   and (to_jsonb(r) ->> 'prqual' is not null
                     or to_jsonb(r) ->> 'prattrs' is not null)) as filtered,
         (with recursive tree (oid) as (
            select c.oid
            union
            select i.inhrelid from pg_inherits i join tree on tree.oid = i.inhparent)
          select coalesce(json_agg(json_build_object(
                   'oid', l.oid::int8, 'schema', n.nspname, 'table', l.relname,
                   'heir', l.oid <> c.oid and not l.relispartition,
                   'local', l.relkind = 'r', 'persistence', l.relpersistence,
                   'identity', case
                     when l.relreplident = 'f' then 'full'
                     when l.relreplident = 'd' and exists (
                       select from pg_index i
                       where i.indrelid = l.oid and i.indisprimary and i.indimmediate) then 'key'
                     when l.relreplident = 'i' and exists (
                       select from pg_index i
                       where i.indrelid = l.oid and i.indisreplident) then 'index'
                     else 'none' end,
                   'parent', (
                     select json_build_object('schema', pn.nspname, 'table', pc.relname)
                     from pg_inherits i
                     join pg_class pc on pc.oid = i.inhparent
                     join pg_namespace pn on pn.oid = pc.relnamespace
                     where i.inhrelid = l.oid and l.oid <> c.oid
                     order by i.inhseqno limit 1)) order by n.nspname, l.relname), '[]')
          from pg_class l join pg_namespace n on n.oid = l.relnamespace
          where l.oid in (select oid from tree) and l.relkind in ('r', 'f')) as holders
  from pg_class c
  where c.oid = to_regclass(quote_ident($1) || '.' || quote_ident($2))`;
