import type pg from 'pg';
import { noticeVanishedClient } from '../notice-vanished-client.ts';

/**
 * Takes the right to repair a slot, or says that another relay has it. Two that repair
 * at the same time would drop each other's new slot for as long as both live. The right
 * goes with the session, so it ends with its relay.
 */
export async function takeRepairRight(sql: pg.ClientBase, slot: string): Promise<boolean> {
  await noticeVanishedClient(sql);
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
