import type pg from 'pg';
import { type Lsn, parseLsn } from '../lsn.ts';
import { parseSnapshot, type Snapshot } from '../snapshot.ts';

/** Which transactions had ended, and when. */
export interface SnapshotTaken {
  readonly snapshot: Snapshot;
  /** When it was taken, by the server's clock: ISO 8601. */
  readonly at: string;
}

interface Seen extends SnapshotTaken {
  /** End of the log at that moment: the ends of those transactions are before it. */
  readonly logged: Lsn;
}

/** What a look found. */
export interface SnapshotLook {
  /** The newest that no crash can take back; undefined while there is none. */
  readonly durable: SnapshotTaken | undefined;
  /** True where a newer one was seen that is not safe on disk yet. */
  readonly pending: boolean;
}

/**
 * Finds snapshots that hold after a crash too. A commit is visible a moment before it is
 * safe on disk where synchronous_commit is off; after a crash its transaction id may be
 * another's, whose rows would count as read. So a snapshot counts once the log is
 * flushed to where it ended when the snapshot was taken.
 */
export class DurableSnapshots {
  #pending: Seen | undefined;

  async look(client: pg.ClientBase): Promise<SnapshotLook> {
    const { rows } = await client.query<Record<'snapshot' | 'at' | 'logged' | 'flushed', string>>(
      `select pg_current_snapshot()::text as snapshot, to_json(now()) #>> '{}' as at,
              pg_current_wal_insert_lsn()::text as logged,
              pg_current_wal_flush_lsn()::text as flushed`,
    );
    const row = rows[0];
    if (row === undefined)
      throw new Error('the server answered a query for its snapshot with no row');
    const snapshot = parseSnapshot(row.snapshot);
    const seen: Seen = { snapshot, at: row.at, logged: parseLsn(row.logged) };
    const flushed = parseLsn(row.flushed);
    const before = this.#pending;
    if (flushed >= seen.logged) {
      this.#pending = undefined;
      return { durable: seen, pending: false };
    }
    if (before !== undefined && flushed >= before.logged) {
      this.#pending = seen;
      return { durable: before, pending: true };
    }
    if (before === undefined) this.#pending = seen;
    // On a server where nothing else happens the end of the log may stay in memory; a
    // transaction of our own makes it go to disk.
    else await client.query('select pg_current_xact_id()');
    return { durable: undefined, pending: true };
  }
}
