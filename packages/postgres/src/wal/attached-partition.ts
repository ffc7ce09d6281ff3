import pg from 'pg';
import { fullTransactionIdSql } from '../debezium/full-transaction-id.ts';

/** A partition whose rows of before it was attached count as not streamed. */
export interface AttachedPartition {
  readonly oid: string;
  /** By the transaction that attached it. */
  readonly made: boolean;
  /** A snapshot from when it was a partition before: what that sees was streamed. */
  readonly since?: string;
}

/** What the catalog says of a table or a partition. */
export interface RelationFacts {
  /** With its schema, quoted where SQL needs it. */
  readonly name: string;
  readonly made: boolean;
  /** After it was made, and not for a column that was filled or given another type. */
  readonly rewritten: boolean;
  readonly readable: boolean;
}

/** Looks a relation up; `columns` are the types that its columns had before. */
export async function inspectRelation(
  sql: pg.ClientBase,
  oid: string,
  columns: Readonly<Record<string, string>>,
): Promise<RelationFacts | undefined> {
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
    [oid, JSON.stringify(columns)],
  );
  return rows[0];
}

/** `earlierRows` for rows of the whole table: with the bounds that lead to the partition. */
export async function earlierRowsOfTable(
  sql: pg.ClientBase,
  partition: AttachedPartition,
): Promise<string> {
  const { oid } = partition;
  const { rows } = await sql.query<{ bounds: string | null }>(
    'select pg_get_partition_constraintdef($1::oid) as bounds',
    [oid],
  );
  const of = `r.tableoid = ${pg.escapeLiteral(oid)}::oid`;
  return `${of} and ${rows[0]?.bounds ?? 'true'} and ${earlierRows(partition)}`;
}

/**
 * A condition on rows of the partition, called `r`, that they are older than its attachment
 * and were not streamed before. What the transaction that made and attached it inserted
 * counts by the order of its commands.
 */
function earlierRows({ oid, made, since }: AttachedPartition): string {
  const attachment = (column: string): string =>
    `(select ${column} from pg_inherits where inhrelid = ${pg.escapeLiteral(oid)}::oid)`;
  const older =
    `case when ${made} or r.xmin = ${attachment('xmin')} ` +
    `then age(r.xmin) >= age(${attachment('xmin')}) ` +
    `and r.cmin::text::bigint < ${attachment('cmin::text::bigint')} ` +
    `else age(r.xmin) > age(${attachment('xmin')}) end`;
  if (since === undefined) return older;
  const next = '(select pg_snapshot_xmax(pg_current_snapshot())::text::bigint)';
  const writtenBy = fullTransactionIdSql('r.xmin::text::bigint', next);
  const snapshot = `${pg.escapeLiteral(since)}::pg_snapshot`;
  return `${older} and not pg_visible_in_snapshot((${writtenBy})::text::xid8, ${snapshot})`;
}

/** Where rows of before an attachment are, but for those of a partition that came back. */
const FIRST_BLOCKS = 1_024;
/** How long is looked for them. */
const SEARCH_MS = 10_000;

/** Whether there are such rows; true also where finding out would take long. */
export async function hasEarlierRows(
  sql: pg.ClientBase,
  name: string,
  partition: AttachedPartition,
): Promise<boolean> {
  const where = partition.since === undefined ? `r.ctid < '(${FIRST_BLOCKS},0)'::tid and ` : '';
  await sql.query('begin');
  try {
    await sql.query(`set local statement_timeout = ${SEARCH_MS}`);
    const { rows } = await sql.query<{ found: boolean }>(
      `select exists (select from ${name} r where ${where}${earlierRows(partition)}) as found`,
    );
    return rows[0]?.found === true;
  } catch (error) {
    if ((error as { readonly code?: string }).code !== '57014') throw error;
    return true;
  } finally {
    await sql.query('rollback').catch(() => {});
  }
}
