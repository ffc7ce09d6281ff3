import type pg from 'pg';
import type { SlotLossAction } from './schedule.ts';

/**
 * Takes the slot away while no relay runs, so that it is certain what was lost.
 * `elsewhere` is connected to another database of the same server.
 */
export type LoseSlot = (
  sql: pg.ClientBase,
  slot: string,
  elsewhere: pg.ClientBase,
) => Promise<void>;

export const loseSlot: Readonly<Record<SlotLossAction, LoseSlot>> = {
  'slot is dropped': (sql, slot) =>
    whenFree(sql, slot, () => sql.query('select pg_drop_replication_slot($1)', [slot])),
  'slot is advanced': (sql, slot) =>
    whenFree(sql, slot, () =>
      sql.query('select pg_replication_slot_advance($1, pg_current_wal_flush_lsn())', [slot]),
    ),
  async 'slot is invalidated'(sql, slot, elsewhere): Promise<void> {
    for (;;) {
      // In another database, for these would be sent to the suspended relay: a server
      // whose stream is blocked cannot end it, and its checkpoint waits for that.
      await elsewhere.query(
        `select pg_logical_emit_message(false, 'filler', repeat('x', 4000000))
         from generate_series(1, 9)`,
      );
      await sql.query('select pg_switch_wal()');
      await sql.query('checkpoint');
      const { rows } = await sql.query<{ wal_status: string }>(
        'select wal_status from pg_replication_slots where slot_name = $1',
        [slot],
      );
      if (rows.length === 0 || rows[0]?.wal_status === 'lost') return;
    }
  },
  async 'table is unpublished'(sql): Promise<void> {
    try {
      await sql.query('alter publication tidings drop table tidings.outbox');
    } catch (error) {
      // It was unpublished before, and nobody has repaired that yet.
      if ((error as { readonly code?: string }).code !== '42704') throw error;
    }
  },
};

/** Ends whoever streams the slot and does `work` as soon as the slot is free. */
async function whenFree(
  sql: pg.ClientBase,
  slot: string,
  work: () => Promise<unknown>,
): Promise<void> {
  for (;;) {
    await sql.query(
      `select pg_terminate_backend(active_pid, 1000) from pg_replication_slots
       where slot_name = $1 and active_pid is not null`,
      [slot],
    );
    try {
      await work();
      return;
    } catch (error) {
      const { code } = error as { readonly code?: string };
      // The slot was lost already: it is gone (42704), or invalidated (55000).
      if (code === '42704' || code === '55000') return;
      if (code !== '55006') throw error;
    }
  }
}
