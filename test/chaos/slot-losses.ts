import type pg from 'pg';
import type { CaptureMode } from './capture-modes.ts';
import type { SlotLossAction } from './schedule.ts';

/** What taking a slot away works with. */
export interface SlotLossScene {
  readonly slot: string;
  readonly mode: CaptureMode;
  /** Connected to another database of the same server. */
  readonly elsewhere: pg.ClientBase;
  /** Commits a row of the captured table under the name that it has meanwhile. */
  readonly commitInto: (table: string) => Promise<void>;
}

/** Takes the slot away while no relay runs, so that it is certain what was lost. */
export type LoseSlot = (sql: pg.ClientBase, scene: SlotLossScene) => Promise<void>;

export const loseSlot: Readonly<Record<SlotLossAction, LoseSlot>> = {
  'slot is dropped': (sql, { slot }) =>
    whenFree(sql, slot, () => sql.query('select pg_drop_replication_slot($1)', [slot])),
  'slot is advanced': (sql, { slot }) =>
    whenFree(sql, slot, () =>
      sql.query('select pg_replication_slot_advance($1, pg_current_wal_flush_lsn())', [slot]),
    ),
  async 'slot is invalidated'(sql, { slot, elsewhere }): Promise<void> {
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
  async 'table is unpublished'(sql, { mode }): Promise<void> {
    try {
      await sql.query(`alter publication ${mode.publication} drop table ${mode.table}`);
    } catch (error) {
      // It was unpublished before, and nobody has repaired that yet.
      if ((error as { readonly code?: string }).code !== '42704') throw error;
    }
  },
  async 'table is renamed away and back'(sql, { mode, commitInto }): Promise<void> {
    const [schema, name] = mode.table.split('.');
    await sql.query(`alter table ${mode.table} rename to away`);
    await commitInto(`${schema}.away`);
    await sql.query(`alter table ${schema}.away rename to ${name}`);
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
