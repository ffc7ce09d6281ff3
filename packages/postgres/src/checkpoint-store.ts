import type pg from 'pg';
import { formatLsn, type Lsn, parseLsn } from './lsn.ts';

/** What the relay knows of a slot, kept in the slot's own database. */
export interface StoredCheckpoint {
  /** Of the cluster that wrote it; a restored or promoted copy has another history. */
  readonly systemIdentifier: string;
  /** Everything that ends at or before it has been settled. */
  readonly acknowledged: Lsn;
}

/** Reads a slot's checkpoint; undefined before its first start. */
export async function readCheckpoint(
  sql: pg.ClientBase,
  slot: string,
): Promise<StoredCheckpoint | undefined> {
  const { rows } = await sql.query<{ system_identifier: string; acknowledged_lsn: string }>(
    'select system_identifier, acknowledged_lsn from tidings.checkpoint where slot_name = $1',
    [slot],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    systemIdentifier: row.system_identifier,
    acknowledged: parseLsn(row.acknowledged_lsn),
  };
}

/** Writes a slot's first checkpoint. */
export async function createCheckpoint(
  sql: pg.ClientBase,
  slot: string,
  checkpoint: StoredCheckpoint,
): Promise<void> {
  await sql.query(
    `insert into tidings.checkpoint (slot_name, system_identifier, acknowledged_lsn)
     values ($1, $2, $3)`,
    [slot, checkpoint.systemIdentifier, formatLsn(checkpoint.acknowledged)],
  );
}

/**
 * Moves a checkpoint forward. It must be durable before the server is told: so the
 * slot never stands ahead of it, and a slot that does was moved by somebody else.
 */
export async function advanceCheckpoint(
  sql: pg.ClientBase,
  slot: string,
  acknowledged: Lsn,
): Promise<void> {
  const { rowCount } = await sql.query(
    `update tidings.checkpoint set acknowledged_lsn = $2, updated_at = now()
     where slot_name = $1 and acknowledged_lsn <= $2`,
    [slot, formatLsn(acknowledged)],
  );
  if (rowCount !== 1) {
    throw new Error(
      `the checkpoint of slot "${slot}" is gone or ahead of ${formatLsn(acknowledged)}: ` +
        'another relay uses the same slot; stop one of the two',
    );
  }
}
