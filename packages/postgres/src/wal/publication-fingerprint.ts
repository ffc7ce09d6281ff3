import type pg from 'pg';
import type { TableName } from './wal-layout.ts';

/**
 * What decides which rows of the captured tables reach the stream, as the catalog has it,
 * so that a change shows although it was undone. Versions of catalog rows (`xmin`) are
 * taken only where nothing but such a change writes them: GRANT, VACUUM FULL, TRUNCATE, new
 * columns and indexes leave all of this alone.
 */
interface Fingerprint {
  /** Identity and version: every ALTER PUBLICATION ... SET (...) shows. */
  readonly publication: string;
  readonly tables: Readonly<Record<string, TableFingerprint>>;
}

interface TableFingerprint {
  readonly of: TableName;
  readonly oid: string;
  /** Its membership with column list and row filter; null for a publication of more. */
  readonly member: string | null;
  /** For a table that is published with its schema: that membership, and its own moves. */
  readonly throughSchema: string | null;
  /** Types of its columns, by name. */
  readonly columns: Readonly<Record<string, string>>;
  /** The table and all its partitions, by oid. */
  readonly relations: Readonly<Record<string, RelationFingerprint>>;
}

interface RelationFingerprint {
  /** Version of the row that attaches it. */
  readonly attached: string | null;
  /**
   * Its TOAST table. ALTER TABLE makes another when it rewrites the table, as SET UNLOGGED
   * and SET LOGGED do; VACUUM FULL, CLUSTER and TRUNCATE keep it. A table without columns
   * that could be long has none: only a look while it is unlogged tells there.
   */
  readonly toast: string;
}

/** An expression over `pg_publication p` and the tables `$2`, `$3`: their fingerprint. */
export const fingerprintSql = `
  jsonb_build_object('publication', p.oid || '.' || p.xmin, 'tables', (
    select jsonb_object_agg(format('%I.%I', t.schema, t.name), jsonb_build_object(
      'of', jsonb_build_object('schema', t.schema, 'table', t.name),
      'oid', c.oid::text,
      'member', r.oid || '.' || r.xmin,
      'throughSchema', case when r.oid is null and not p.puballtables then (
        select y.xmin || '.' || string_agg(of_publication.objid || '', ',' order by 1)
        from pg_depend of_publication
        join pg_depend of_schema using (classid, objid)
        where of_publication.refclassid = 'pg_publication'::regclass
          and of_publication.refobjid = p.oid
          and of_publication.classid = to_regclass('pg_catalog.pg_publication_namespace')
          and of_schema.refclassid = 'pg_namespace'::regclass
          and of_schema.refobjid = c.relnamespace) end,
      'columns', (
        select jsonb_object_agg(a.attname, a.atttypid || '.' || a.atttypmod)
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
      'relations', (
        select jsonb_object_agg(l.oid::text, jsonb_build_object(
                 'attached', case when l.oid <> c.oid then i.xmin::text end,
                 'toast', l.reltoastrelid::text))
        from pg_class l left join pg_inherits i on i.inhrelid = l.oid and c.relkind = 'p'
        where l.oid = c.oid or l.oid in (select relid from pg_partition_tree(c.oid)))))
    from unnest($2::text[], $3::text[]) as t (schema, name)
    left join pg_class c on c.oid = to_regclass(format('%I.%I', t.schema, t.name))
    left join pg_type y on y.oid = c.reltype
    left join pg_publication_rel r on r.prpubid = p.oid and r.prrelid = c.oid))::text`;

/** The fingerprint of a publication as it is now; undefined where there is none. */
export async function readFingerprint(
  sql: pg.ClientBase,
  publication: string,
  tables: readonly TableName[],
): Promise<string | undefined> {
  const { rows } = await sql.query<{ fingerprint: string }>(
    `select ${fingerprintSql} as fingerprint from pg_publication p where p.pubname = $1`,
    [publication, tables.map(({ schema }) => schema), tables.map(({ table }) => table)],
  );
  return rows[0]?.fingerprint;
}

/** The tables that a fingerprint is of. */
export function fingerprintedTables(fingerprint: string): readonly TableName[] {
  return Object.values(parse(fingerprint)?.tables ?? {}).map(({ of }) => of);
}

/**
 * Whether rows may have missed the stream between two fingerprints, as a sentence without
 * its end; undefined where none can have. New partitions that were empty when they were
 * attached, partitions that are gone, and columns of another type are no loss.
 */
export async function findAlteration(
  sql: pg.ClientBase,
  before: string,
  now: string,
): Promise<string | undefined> {
  if (before === now) return undefined;
  const [old, current] = [parse(before), parse(now)];
  // Of an earlier release, whose fingerprints said less: as good as none.
  if (old === undefined || current === undefined) return undefined;
  if (old.publication !== current.publication) {
    return 'the publication was dropped and made again, or altered';
  }
  const names = Object.keys(current.tables);
  if (names.join() !== Object.keys(old.tables).join()) {
    return `the relay was made for other tables (${Object.keys(old.tables).join(', ')})`;
  }
  for (const name of names) {
    const [then, table] = [old.tables[name], current.tables[name]];
    if (then === undefined || table === undefined) continue;
    const found = alterationOf(name, then, table) ?? (await missedRows(sql, then, table));
    if (found !== undefined) return found;
  }
  return undefined;
}

function alterationOf(
  name: string,
  then: TableFingerprint,
  now: TableFingerprint,
): string | undefined {
  if (then.oid !== now.oid) return `table ${name} was dropped and made again`;
  if (then.member !== now.member) {
    return (
      `table ${name} was taken out of the publication and put back, or given another column list ` +
      'or row filter'
    );
  }
  if (then.throughSchema !== now.throughSchema) {
    return `table ${name} was moved out of the published schema and back, or renamed`;
  }
  return undefined;
}

/** Looks at the partitions that are new, were attached again, or were rewritten. */
async function missedRows(
  sql: pg.ClientBase,
  then: TableFingerprint,
  now: TableFingerprint,
): Promise<string | undefined> {
  for (const [oid, { attached, toast }] of Object.entries(now.relations)) {
    const known = then.relations[oid];
    if (known !== undefined && known.attached === attached && known.toast === toast) continue;
    const { name, rewritten, made, readable } = await inspectRelation(sql, oid, then);
    if (name === undefined) continue;
    // What had no TOAST table gets one with its first long column.
    if (rewritten && known?.toast !== toast && known?.toast !== '0') {
      return `${name} was rewritten by ALTER TABLE, so it may have been unlogged for a while`;
    }
    if (attached === null || known?.attached === attached) continue;
    if (readable ? await hasEarlierRows(sql, oid, name, made) : !made) {
      return (
        `partition ${name} was attached, and ` +
        (readable ? 'had rows by then' : 'whether it had rows by then cannot be read')
      );
    }
  }
  return undefined;
}

interface RelationFacts {
  readonly name: string | undefined;
  /** By the transaction that attached it. */
  readonly made: boolean;
  /** After it was made, and not for a column that was filled or given another type. */
  readonly rewritten: boolean;
  readonly readable: boolean;
}

async function inspectRelation(
  sql: pg.ClientBase,
  oid: string,
  then: TableFingerprint,
): Promise<RelationFacts> {
  const { rows } = await sql.query<RelationFacts>(
    `select format('%I.%I', n.nspname, c.relname) as name, coalesce(y.xmin = i.xmin, false) as made,
            coalesce(d.xmin <> y.xmin and not exists (
              select from pg_attribute a
              where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                and age(a.xmin) <= age(d.xmin)
                and coalesce($2::jsonb ->> a.attname <> a.atttypid || '.' || a.atttypmod,
                  (a.atthasdef or a.attidentity <> '') and not a.atthasmissing)), false)
              as rewritten,
            has_table_privilege(c.oid, 'select') as readable
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     left join pg_type y on y.oid = c.reltype
     left join pg_inherits i on i.inhrelid = c.oid
     left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.reltoastrelid
       and c.reltoastrelid <> 0 and d.refobjid = c.oid
     where c.oid = $1`,
    [oid, JSON.stringify(then.columns)],
  );
  return rows[0] ?? { name: undefined, made: false, rewritten: false, readable: false };
}

/** How much of a partition is searched: rows of before it was attached are its first ones. */
const SEARCHED_BLOCKS = 1_024;

/**
 * Whether a partition holds rows that are older than its attachment. What the transaction
 * that made and attached it inserted counts by the order of its commands.
 */
async function hasEarlierRows(
  sql: pg.ClientBase,
  oid: string,
  name: string,
  made: boolean,
): Promise<boolean> {
  const { rows } = await sql.query<{ found: boolean }>(
    `select exists (
       select from ${name} r, (
         select xmin as by, cmin::text::bigint as command from pg_inherits where inhrelid = $1
       ) as attached
       where r.ctid < '(${SEARCHED_BLOCKS},0)'::tid
         and case when $2 or r.xmin = attached.by
               then age(r.xmin) >= age(attached.by) and r.cmin::text::bigint < attached.command
               else age(r.xmin) > age(attached.by) end) as found`,
    [oid, made],
  );
  return rows[0]?.found === true;
}

function parse(text: string): Fingerprint | undefined {
  return text.startsWith('{') ? (JSON.parse(text) as Fingerprint) : undefined;
}
