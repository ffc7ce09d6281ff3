import { type Logger, reasonOf } from '@tidings/relay';
import pg from 'pg';

/** Ids of the outbox that were given and that no row has. */
export interface MissingIds {
  readonly count: number;
  /** The ids counted are those above it, up to `through`. */
  readonly after: string;
  readonly through: string;
}

/** How long is counted. */
const COUNT_MS = 20_000;

/** The last id that was given; null where this role may not see the sequence. */
export async function lastIdGiven(sql: pg.ClientBase): Promise<string | null> {
  const { rows } = await sql.query<{ last: string | null }>(
    `select case when has_sequence_privilege('tidings.outbox_id', 'usage, select')
              then pg_sequence_last_value('tidings.outbox_id') end::text as last`,
  );
  return rows[0]?.last ?? null;
}

/**
 * Counts the ids that have no row, beyond what a bookmark has seen published and up to
 * `through`, or the highest id. A transaction that rolled back leaves such ids too: nobody
 * can tell them from rows that were removed. Undefined where counting takes too long.
 */
export async function countMissingIds(
  connection: pg.ClientConfig,
  bookmark: string | undefined,
  through: string | null,
  logger: Logger,
): Promise<MissingIds | undefined> {
  const client = new pg.Client({ ...connection, query_timeout: COUNT_MS });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(`set statement_timeout = ${COUNT_MS}; set row_security = off`);
    const { rows } = await client.query<MissingIds>(
      `with published as (
         select max(id) as id from (
           select id from tidings.outbox where transaction_id < pg_snapshot_xmin($1::pg_snapshot)
           order by transaction_id desc, id desc limit 1000) as newest
       ), later as (
         select id from tidings.outbox where transaction_id >= pg_snapshot_xmin($1::pg_snapshot)
       ), range as (
         select coalesce((select id from published), (select min(id) - 1 from later), 0) as after,
                coalesce($2::bigint, (select max(id) from later), 0) as through
       )
       select greatest(through - after, 0)::float8 - (
                select count(*) from later where id > after and id <= through) as count,
              after::text, through::text
       from range`,
      [bookmark ?? '1:1:', through],
    );
    return rows[0];
  } catch (error) {
    logger.warn({ reason: reasonOf(error) }, 'could not count the ids of the outbox without a row');
    return undefined;
  } finally {
    await client.end().catch(() => {});
  }
}
