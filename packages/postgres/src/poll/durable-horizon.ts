import type pg from 'pg';
import { type Lsn, parseLsn } from '../lsn.ts';

/** Every transaction with a lower id has ended, for good. */
export interface Horizon {
  readonly xid: bigint;
  /** When it was taken, by the server's clock: ISO 8601. */
  readonly at: string;
}

interface Seen extends Horizon {
  /** End of the log at that moment: the ends of those transactions are before it. */
  readonly logged: Lsn;
}

/** What a look found. */
export interface HorizonLook {
  /** The newest horizon that no crash can take back; undefined while there is none new. */
  readonly durable: Horizon | undefined;
  /** True where a newer one was seen that is not safe on disk yet. */
  readonly pending: boolean;
}

/**
 * Finds horizons that hold after a crash too. A commit is visible a moment before it is
 * safe on disk where synchronous_commit is off; after a crash its transaction id may be
 * another's, whose rows would lie below a horizon that was already read. So a horizon
 * counts once the log is flushed to where it ended when the horizon was taken.
 */
export class DurableHorizon {
  #pending: Seen | undefined;

  async look(client: pg.ClientBase): Promise<HorizonLook> {
    const { rows } = await client.query<Record<'xid' | 'at' | 'logged' | 'flushed', string>>(
      `select pg_snapshot_xmin(pg_current_snapshot())::text as xid,
              to_json(now()) #>> '{}' as at,
              pg_current_wal_insert_lsn()::text as logged,
              pg_current_wal_flush_lsn()::text as flushed`,
    );
    const row = rows[0];
    if (row === undefined)
      throw new Error('the server answered a query for its snapshot with no row');
    const seen: Seen = { xid: BigInt(row.xid), at: row.at, logged: parseLsn(row.logged) };
    const flushed = parseLsn(row.flushed);
    const before = this.#pending;
    if (flushed >= seen.logged) {
      this.#pending = undefined;
      return { durable: seen, pending: false };
    }
    if (before !== undefined && flushed >= before.logged) {
      this.#pending = seen;
      return { durable: before, pending: seen.xid > before.xid };
    }
    if (before === undefined) this.#pending = seen;
    // On a server where nothing else happens the end of the log may stay in memory; a
    // transaction of our own makes it go to disk.
    else await client.query('select pg_current_xact_id()');
    return { durable: undefined, pending: true };
  }
}
