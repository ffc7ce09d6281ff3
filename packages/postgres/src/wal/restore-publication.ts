import pg from 'pg';
import { unpublishedHeirs } from './table-heirs.ts';
import type { TableName } from './wal-layout.ts';

/** What a publication must publish. */
export interface PublicationDemand {
  readonly publication: string;
  readonly tables: readonly TableName[];
  readonly operations: readonly string[];
}

interface TableState {
  readonly name: string;
  readonly present: boolean;
  /** The table, or partitions of it, that leave nothing in the log. */
  readonly unlogged: readonly string[];
  readonly member: boolean;
}

interface PublicationRow {
  readonly exists: boolean;
  readonly all_tables: boolean;
  /** True where it publishes nothing but the tables that are demanded. */
  readonly alone: boolean;
  readonly operations: readonly string[];
  readonly tables: readonly TableState[];
}

/**
 * Makes a publication publish the tables again, whatever was taken from it: itself, its
 * tables, its operations, or the root of a partitioned table as what a change belongs to.
 * A publication that others share keeps the operations that they may need.
 * @throws Error while a table cannot be published, and what the server answers to a role
 * that does not own the publication or a table (42501).
 */
export async function restorePublication(
  sql: pg.ClientBase,
  demand: PublicationDemand,
): Promise<void> {
  const found = await inspect(sql, demand);
  for (const { name, present, unlogged } of found.tables) {
    if (!present) {
      throw new Error(`table ${name} does not exist any more; rename it back, or restore it`);
    }
    if (unlogged.length > 0) {
      const statements = unlogged.map((each) => `ALTER TABLE ${each} SET LOGGED`);
      throw new Error(`${unlogged.join(', ')} is unlogged; run ${statements.join('; ')}`);
    }
  }
  const publication = pg.escapeIdentifier(demand.publication);
  const kept = found.alone ? [] : found.operations;
  const operations = [...new Set([...kept, ...demand.operations])].join(', ');
  const options = `publish = '${operations}', publish_via_partition_root = true`;
  await sql.query('begin');
  try {
    await sql.query(
      found.exists
        ? `alter publication ${publication} set (${options})`
        : `create publication ${publication} with (${options})`,
    );
    for (const { name, member } of found.all_tables ? [] : found.tables) {
      if (!member) await sql.query(`alter publication ${publication} add table ${name}`);
    }
    for (const name of await unpublishedHeirs(sql, demand.publication, demand.tables)) {
      await sql.query(`alter publication ${publication} add table only ${name}`);
    }
    await sql.query('commit');
  } catch (error) {
    await sql.query('rollback').catch(() => {});
    throw error;
  }
}

async function inspect(
  sql: pg.ClientBase,
  { publication, tables }: PublicationDemand,
): Promise<PublicationRow> {
  const { rows } = await sql.query<PublicationRow>(
    `with demanded as (
       select format('%I.%I', schema, name) as name,
              to_regclass(format('%I.%I', schema, name)) as oid, ordinality
       from unnest($2::text[], $3::text[]) with ordinality as t (schema, name, ordinality)
     )
     select p.oid is not null as exists, coalesce(p.puballtables, false) as all_tables,
            not coalesce(p.puballtables, false) and not exists (
              select from pg_publication_tables pt
              where pt.pubname = $1 and not exists (
                select from demanded d
                where to_regclass(format('%I.%I', pt.schemaname, pt.tablename)) = d.oid
                   or to_regclass(format('%I.%I', pt.schemaname, pt.tablename)) in (
                        select relid from pg_partition_tree(d.oid)))) as alone,
            array_remove(array[
              case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
              case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end],
              null) as operations,
            (select json_agg(json_build_object(
                      'name', d.name, 'present', d.oid is not null,
                      'unlogged', (
                        select coalesce(json_agg(format('%I.%I', n.nspname, l.relname)), '[]')
                        from pg_class l join pg_namespace n on n.oid = l.relnamespace
                        where l.relpersistence = 'u'
                          and (l.oid = c.oid or l.oid in (select relid from pg_partition_tree(c.oid)))),
                      'member', r.oid is not null) order by d.ordinality)
             from demanded d
             left join pg_class c on c.oid = d.oid
             left join pg_publication_rel r on r.prpubid = p.oid and r.prrelid = d.oid) as tables
     from (select) as nothing left join pg_publication p on p.pubname = $1`,
    [publication, tables.map(({ schema }) => schema), tables.map(({ table }) => table)],
  );
  return rows[0] as PublicationRow;
}
