import type pg from 'pg';
import type { TableName } from './wal-layout.ts';

// Children by INHERITS, whose rows are rows of their parent too. A publication takes in
// those that there are when their parent is added, each as a table of its own, and no later
// one. Partitions are none, and a temporary child is its session's own.

/** A query of the oids of all heirs of the relations that `parents`, a query, gives. */
function heirsSql(parents: string): string {
  return `
    with recursive heir (oid) as (
      select i.inhrelid from pg_inherits i where i.inhparent in (${parents})
      union
      select i.inhrelid from pg_inherits i join heir on heir.oid = i.inhparent)
    select l.oid from heir join pg_class l using (oid)
    where l.relkind = 'r' and not l.relispartition and l.relpersistence <> 't'`;
}

/**
 * A query of the names, quoted where SQL needs it, of heirs of the tables `$2`, `$3` that
 * publication `$1` does not publish.
 */
export const unpublishedHeirsSql: string = `
  select format('%I.%I', n.nspname, l.relname) as name
  from pg_class l join pg_namespace n on n.oid = l.relnamespace
  where l.oid in (${heirsSql(
    `select to_regclass(format('%I.%I', t.schema, t.name))
     from unnest($2::text[], $3::text[]) as t (schema, name)`,
  )})
    and not exists (
      select from pg_publication_tables pt
      where pt.pubname = $1 and pt.schemaname = n.nspname and pt.tablename = l.relname)
  order by 1`;

/** The names of those heirs; to be added to the publication one by one, with ONLY. */
export async function unpublishedHeirs(
  sql: pg.ClientBase,
  publication: string,
  tables: readonly TableName[],
): Promise<readonly string[]> {
  const { rows } = await sql.query<{ name: string }>(unpublishedHeirsSql, [
    publication,
    tables.map(({ schema }) => schema),
    tables.map(({ table }) => table),
  ]);
  return rows.map(({ name }) => name);
}

/** Whether one of these tables has rows of its own. */
export async function anyHoldsRows(sql: pg.ClientBase, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    const { rows } = await sql.query(`select from only ${name} limit 1`);
    if (rows.length > 0) return true;
  }
  return false;
}

/**
 * An expression over `pg_publication p` and the table `pg_class c`: version of each heir's
 * membership, by oid; '' for one that is published with its schema or with everything.
 */
export const heirMembershipsSql: string = `(
  select jsonb_object_agg(h.oid::text, coalesce(m.oid || '.' || m.xmin, ''))
  from (${heirsSql('select c.oid')}) as h
  left join pg_publication_rel m on m.prpubid = p.oid and m.prrelid = h.oid)`;

/** Version of each heir's membership in the publication, by oid. */
export type HeirMemberships = Readonly<Record<string, string>>;

/** How much of a table is searched: rows of before it was published are its first ones. */
const SEARCHED_BLOCKS = 1_024;

/** How rows of heirs may have missed the stream between two looks, as `findAlteration`. */
export async function missedHeirRows(
  sql: pg.ClientBase,
  then: HeirMemberships,
  now: HeirMemberships,
): Promise<string | undefined> {
  for (const [oid, member] of Object.entries(now)) {
    if (then[oid] === member || member === '') continue;
    const name = await nameOf(sql, oid);
    if (name === undefined) continue;
    if (then[oid] !== undefined) {
      return `table ${name} was taken out of the publication and put back`;
    }
    const { rows } = await sql.query<{ found: boolean }>(
      `select exists (
         select from only ${name} r
         where r.ctid < '(${SEARCHED_BLOCKS},0)'::tid
           and age(r.xmin) > age($1::text::xid)) as found`,
      [member.split('.')[1]],
    );
    if (rows[0]?.found === true) {
      return `table ${name} was put into the publication, and had rows by then`;
    }
  }
  return undefined;
}

async function nameOf(sql: pg.ClientBase, oid: string): Promise<string | undefined> {
  const { rows } = await sql.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1`,
    [oid],
  );
  return rows[0]?.name;
}
