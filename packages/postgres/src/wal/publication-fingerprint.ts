import type pg from 'pg';
import { type AttachedPartition, hasEarlierRows, inspectRelation } from './attached-partition.ts';
import { type HeirMemberships, heirMembershipsSql, missedHeirRows } from './table-heirs.ts';
import type { TableName } from './wal-layout.ts';

/** Detached partitions that are remembered, the latest ones. */
const MOST_DETACHED = 100;

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

/** A fingerprint as a checkpoint keeps it, with what has to be remembered beside it. */
interface KeptFingerprint extends Fingerprint {
  /** Partitions that were detached, by oid, each with a snapshot from before. */
  readonly detached?: Readonly<Record<string, string>>;
  /** Partitions that were attached with rows, which a recovery has not read yet. */
  readonly owed?: readonly AttachedPartition[];
}

/** How rows may have missed the stream. */
export interface Alteration {
  /** A sentence without its end. */
  readonly sentence: string;
  /** Whose rows of before their attachment were not streamed, whatever a bookmark covers. */
  readonly attached: readonly AttachedPartition[];
}

interface TableFingerprint {
  readonly of: TableName;
  readonly oid: string;
  /** Its membership with column list and row filter; null for a publication of more. */
  readonly member: string | null;
  /** For a table that is published with its schema: that membership, and its own moves. */
  readonly throughSchema: string | null;
  /** Types of its columns, by name. */
  readonly columns: Readonly<Record<string, string>> | null;
  /** The table and all its partitions, by oid. */
  readonly relations: Readonly<Record<string, RelationFingerprint>> | null;
  /** Its children by INHERITS; null where it has none. */
  readonly heirs: HeirMemberships | null;
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
export const fingerprintSql: string = `
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
      'heirs', ${heirMembershipsSql},
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

/** The partitions whose rows a recovery that was interrupted had still to read. */
export function owedPartitions(kept: string | undefined): readonly AttachedPartition[] {
  return (kept === undefined ? undefined : parse(kept)?.owed) ?? [];
}

/** Whether what a checkpoint keeps is this fingerprint. */
export function isFingerprint(kept: string | undefined, now: string | undefined): boolean {
  if (kept === undefined || now === undefined) return kept === now;
  return fingerprintOnly(kept) === fingerprintOnly(now);
}

/**
 * What a checkpoint keeps from now on: the fingerprint, the partitions that have left since
 * it was noted last, from before `bookmark`, and those that are owed.
 */
export function keepFingerprint(
  kept: string | undefined,
  now: string,
  bookmark: string | undefined,
  owed: readonly AttachedPartition[],
): string {
  const [before, current] = [kept === undefined ? undefined : parse(kept), parse(now)];
  if (current === undefined) return now;
  const present = relationsOf(current);
  const left = [...relationsOf(before)].filter(
    (oid) => bookmark !== undefined && !present.has(oid),
  );
  const detached = Object.entries({
    ...Object.fromEntries(left.map((oid) => [oid, bookmark as string])),
    ...before?.detached,
  }).filter(([oid]) => !present.has(oid));
  return JSON.stringify({
    ...current,
    ...(detached.length > 0 && { detached: Object.fromEntries(detached.slice(-MOST_DETACHED)) }),
    ...(owed.length > 0 && { owed }),
  });
}

function relationsOf(fingerprint: Fingerprint | undefined): ReadonlySet<string> {
  const tables = Object.values(fingerprint?.tables ?? {});
  return new Set(tables.flatMap(({ relations }) => Object.keys(relations ?? {})));
}

function fingerprintOnly(text: string): string {
  const parsed = parse(text);
  return parsed === undefined ? text : JSON.stringify([parsed.publication, parsed.tables]);
}

/**
 * Whether rows may have missed the stream between two fingerprints; undefined where none can
 * have. New partitions that were empty when they were attached, partitions that are gone, and
 * columns of another type are no loss. `bookmark` is the snapshot that belongs to `kept`.
 */
export async function findAlteration(
  sql: pg.ClientBase,
  kept: string,
  now: string,
  bookmark: string | undefined,
): Promise<Alteration | undefined> {
  if (isFingerprint(kept, now)) return undefined;
  const [old, current] = [parse(kept), parse(now)];
  // Of an earlier release, whose fingerprints said less: as good as none.
  if (old === undefined || current === undefined) return undefined;
  const sentences: string[] = [];
  const attached: AttachedPartition[] = [];
  if (old.publication !== current.publication) {
    sentences.push('the publication was dropped and made again, or altered');
  }
  const names = Object.keys(current.tables);
  if (names.join() !== Object.keys(old.tables).join()) {
    sentences.push(`the relay was made for other tables (${Object.keys(old.tables).join(', ')})`);
  }
  for (const name of names) {
    const [then, table] = [old.tables[name], current.tables[name]];
    if (then === undefined || table === undefined) continue;
    const altered = alterationOf(name, then, table);
    if (altered !== undefined) sentences.push(altered);
    for await (const missed of missedRows(sql, old, then, table, bookmark)) {
      sentences.push(missed.sentence);
      attached.push(...missed.attached);
    }
    const unheard = await missedHeirRows(sql, then.heirs ?? {}, table.heirs ?? {});
    if (unheard !== undefined) sentences.push(unheard);
  }
  const sentence = sentences[0];
  return sentence === undefined ? undefined : { sentence, attached };
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
async function* missedRows(
  sql: pg.ClientBase,
  old: KeptFingerprint,
  then: TableFingerprint,
  now: TableFingerprint,
  bookmark: string | undefined,
): AsyncGenerator<Alteration, void, undefined> {
  for (const [oid, { attached, toast }] of Object.entries(now.relations ?? {})) {
    const known = then.relations?.[oid];
    if (known !== undefined && known.attached === attached && known.toast === toast) continue;
    const relation = await inspectRelation(sql, oid, then.columns ?? {});
    if (relation === undefined) continue;
    const { name, rewritten, made, readable } = relation;
    // What had no TOAST table gets one with its first long column.
    if (rewritten && known?.toast !== toast && known?.toast !== '0') {
      const sentence = `${name} was rewritten by ALTER TABLE, so it may have been unlogged for a while`;
      yield { sentence, attached: [] };
    }
    if (attached === null || known?.attached === attached) continue;
    const since = known === undefined ? old.detached?.[oid] : bookmark;
    const partition: AttachedPartition = { oid, made, ...(since !== undefined && { since }) };
    if (readable ? await hasEarlierRows(sql, name, partition) : !made) {
      const found = readable ? 'had rows by then' : 'whether it had rows by then cannot be read';
      yield { sentence: `partition ${name} was attached, and ${found}`, attached: [partition] };
    }
  }
}

function parse(text: string): KeptFingerprint | undefined {
  return text.startsWith('{') ? (JSON.parse(text) as KeptFingerprint) : undefined;
}
