import type pg from 'pg';

/** What the server's end of a stream is doing. */
export interface WalsenderWork {
  /** False while it waits for its client or for more of the log. */
  readonly working: boolean;
  /** For a person: `wait_event`, or what stands for none. */
  readonly doing: string;
  /** Counts that grow with what it decodes; another text means that it went on. */
  readonly progress: string;
}

/**
 * Looks at the backend that streams a slot. It may send nothing for as long as it decodes
 * a large transaction, also one of tables that nobody publishes. Undefined where the server
 * knows no such backend any more.
 */
export async function observeWalsender(
  sql: pg.ClientBase,
  slot: string,
  pid: number,
): Promise<WalsenderWork | undefined> {
  const { rows } = await sql.query<{
    type: string | null;
    event: string | null;
    progress: string;
  }>(
    `select a.wait_event_type as type, a.wait_event as event,
            concat_ws(' ', r.sent_lsn, s.total_bytes, s.spill_bytes, s.spill_count) as progress
     from pg_stat_activity a
     left join pg_stat_replication r on r.pid = a.pid
     left join pg_stat_replication_slots s on s.slot_name = $1
     where a.pid = $2`,
    [slot, pid],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    working: row.type !== 'Activity' && row.type !== 'Client',
    doing: row.event ?? 'decoding',
    progress: row.progress,
  };
}
