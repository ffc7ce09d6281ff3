import type pg from 'pg';
import type { StoredCheckpoint } from '../checkpoint-store.ts';
import { type Alteration, findAlteration, fingerprintSql } from './publication-fingerprint.ts';
import { unpublishedHeirsSql } from './table-heirs.ts';
import type { TableName } from './wal-layout.ts';

/** A table that a publication does not publish. */
export interface UnpublishedTable {
  /** Quoted where SQL needs it. */
  readonly name: string;
  readonly because:
    | 'absent'
    /** It leaves nothing in the log. */
    | 'unlogged'
    /** Its partitions are published, each as a table of its own. */
    | 'not-via-root'
    | 'not-a-member';
}

/** The publication, as far as the layout's tables depend on it. */
export interface PublicationState {
  readonly operations: readonly string[];
  /** The layout's tables that it does not publish. */
  readonly missing: readonly UnpublishedTable[];
  /** Tables whose rows or columns it filters. */
  readonly filtered: readonly string[];
  /** Everything that decides which rows reach the stream: see `findAlteration`. */
  readonly fingerprint: string;
  /** How rows may have missed the stream since the checkpoint. */
  readonly alteration: Alteration | undefined;
}

/** Looks at a publication, and at what became of it since the checkpoint. */
export async function observePublication(
  sql: pg.ClientBase,
  publication: string,
  tables: readonly TableName[],
  checkpoint: Pick<StoredCheckpoint, 'fingerprint' | 'bookmark'> | undefined,
): Promise<PublicationState | undefined> {
  const { rows } = await sql.query<{
    operations: string[];
    missing: UnpublishedTable[] | null;
    filtered: string[] | null;
    fingerprint: string;
  }>(
    `select array_remove(array[
              case when p.pubinsert then 'insert' end,
              case when p.pubupdate then 'update' end,
              case when p.pubdelete then 'delete' end,
              case when p.pubtruncate then 'truncate' end], null) as operations,
            (select json_agg(json_build_object('name', name, 'because', because))
             from (
               select format('%I.%I', t.schema, t.name) as name,
                      case when c.oid is null then 'absent'
                        when c.relpersistence <> 'p' then 'unlogged'
                        when c.relkind = 'p' and not p.pubviaroot and (p.puballtables or exists (
                          select from pg_publication_rel r
                          where r.prpubid = p.oid and r.prrelid = c.oid)) then 'not-via-root'
                        else 'not-a-member' end as because
               from unnest($2::text[], $3::text[]) as t (schema, name)
               left join pg_class c on c.oid = to_regclass(format('%I.%I', t.schema, t.name))
               where not exists (
                 select from pg_publication_tables pt
                 where pt.pubname = p.pubname
                   and pt.schemaname = t.schema and pt.tablename = t.name)
               union all
               select format('%I.%I', n.nspname, l.relname), 'unlogged'
               from unnest($2::text[], $3::text[]) as t (schema, name)
               cross join pg_partition_tree(to_regclass(format('%I.%I', t.schema, t.name))) tree
               join pg_class l on l.oid = tree.relid and tree.level > 0
               join pg_namespace n on n.oid = l.relnamespace
               where l.relpersistence = 'u'
               union all
               select name, 'not-a-member' from (${unpublishedHeirsSql}) as heirs
             ) as unpublished) as missing,
            (select array_agg(format('%I.%I', t.schema, t.name))
             from unnest($2::text[], $3::text[]) as t (schema, name)
             join pg_publication_rel r
               on r.prpubid = p.oid
              and r.prrelid = to_regclass(quote_ident(t.schema) || '.' || quote_ident(t.name))
             where to_jsonb(r) ->> 'prqual' is not null
                or to_jsonb(r) ->> 'prattrs' is not null) as filtered,
            ${fingerprintSql} as fingerprint
     from pg_publication p where p.pubname = $1`,
    [publication, tables.map((each) => each.schema), tables.map((each) => each.table)],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const kept = checkpoint?.fingerprint;
  return {
    operations: row.operations,
    missing: row.missing ?? [],
    filtered: row.filtered ?? [],
    fingerprint: row.fingerprint,
    alteration:
      kept === undefined
        ? undefined
        : await findAlteration(sql, kept, row.fingerprint, checkpoint?.bookmark?.snapshot),
  };
}
