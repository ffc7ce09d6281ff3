import type pg from 'pg';

/**
 * Lets the server notice within half a minute that this session's client has vanished: a
 * machine that died or was cut off says nothing, and by the usual defaults its session would
 * live on for two hours, with its locks.
 */
export async function noticeVanishedClient(sql: pg.ClientBase): Promise<void> {
  await sql.query(
    `select set_config('tcp_keepalives_idle', '15', false),
            set_config('tcp_keepalives_interval', '5', false),
            set_config('tcp_keepalives_count', '3', false)`,
  );
}
