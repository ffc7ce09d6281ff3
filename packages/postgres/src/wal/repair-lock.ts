import type pg from 'pg';

/**
 * Takes the right to repair a slot, or says that another relay has it. Two that repair
 * at the same time would drop each other's new slot for as long as both live. The right
 * goes with the session, so it ends with its relay; a session whose machine has gone is
 * noticed within half a minute.
 */
export async function takeRepairRight(sql: pg.ClientBase, slot: string): Promise<boolean> {
  await sql.query(
    `select set_config('tcp_keepalives_idle', '15', false),
            set_config('tcp_keepalives_interval', '5', false),
            set_config('tcp_keepalives_count', '3', false)`,
  );
  const { rows } = await sql.query<{ taken: boolean }>(
    "select pg_try_advisory_lock(hashtext('tidings repair'), hashtext($1)) as taken",
    [slot],
  );
  return rows[0]?.taken === true;
}

/** Gives the right back, however often the session took it. */
export async function giveRepairRightBack(sql: pg.ClientBase): Promise<void> {
  await sql.query('select pg_advisory_unlock_all()');
}
