import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { ConnectionLost } from '../connection-lost.ts';
import type { SqlSession } from '../sql-session.ts';

/** Who holds a lease, as `pg_stat_activity` knows them. */
export interface LeaseHolder {
  readonly pid: number;
  readonly application: string;
  /** Undefined for a local socket. */
  readonly address: string | undefined;
}

/** How long the server keeps the lease of a relay that says nothing, milliseconds. */
const SILENCE_MS = 10_000;
/** How often a relay that has nothing else to say speaks. */
const RENEW_MS = 2_000;
/** How long the lease counts as held without a word from the server. */
const FRESH_MS = 6_000;
/** How often, and how long after each other, the end of an own old session is awaited. */
const OWN_SESSION = { attempts: 20, pauseMs: 50 };

/**
 * The right to stream, recover and checkpoint one slot. Of two relays only the one that
 * holds it publishes, whatever the other is doing.
 *
 * It is a session's advisory lock, and every statement about the slot runs in that
 * session: a relay that lost the lease cannot write a checkpoint any more. It ends with its
 * process or connection, and the server ends the session of a relay that is frozen after
 * ten seconds of silence.
 */
export class SlotLease implements Pick<SqlSession, 'use'> {
  readonly #sql: SqlSession;
  readonly #slot: string;
  readonly #renewal: NodeJS.Timeout;
  #client: pg.Client | undefined;
  /** The session that last held it; the server may not have noticed its end. */
  #backend: number | undefined;
  #prepared: pg.Client | undefined;
  #spokenAt = 0;

  constructor(sql: SqlSession, slot: string) {
    this.#sql = sql;
    this.#slot = slot;
    this.#renewal = setInterval(() => this.#renew(), RENEW_MS);
    this.#renewal.unref();
  }

  /**
   * Runs `work` in the session that holds the lease.
   * @throws ConnectionLost where that session has ended, and what the work throws.
   */
  use<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    return this.#sql.use(async (client) => {
      if (client !== this.#client) {
        this.#client = undefined;
        throw new ConnectionLost('the session that held the slot has ended');
      }
      const result = await work(client);
      this.#spokenAt = performance.now();
      return result;
    });
  }

  /**
   * Makes sure that the lease is held still: a process that was frozen may have lost it.
   * @throws ConnectionLost where it was lost.
   */
  async confirmHeld(): Promise<void> {
    if (this.#client !== undefined && performance.now() - this.#spokenAt < FRESH_MS) return;
    await this.use((client) => client.query('select'));
  }

  /** Takes the lease unless this relay has it; otherwise tells who holds it. */
  async acquire(): Promise<LeaseHolder | undefined> {
    for (let attempt = 1; ; attempt++) {
      const holder = await this.#tryToAcquire();
      if (holder === undefined) return undefined;
      // Our own session of before, whose end the server has not noticed: it was told to end.
      const own = holder.pid === this.#backend;
      if (!own || attempt === OWN_SESSION.attempts) return holder;
      await delay(OWN_SESSION.pauseMs);
    }
  }

  #tryToAcquire(): Promise<LeaseHolder | undefined> {
    return this.#sql.use(async (client) => {
      if (client === this.#client) return undefined;
      this.#client = undefined;
      await this.#prepare(client);
      const { rows } = await client.query<{ taken: boolean; pid: number }>(
        `select pg_try_advisory_lock(hashtext('tidings slot'), hashtext($1)) as taken,
                pg_backend_pid() as pid`,
        [this.#slot],
      );
      if (rows[0]?.taken === true) {
        await client.query(
          `select pg_advisory_unlock_shared(hashtext('tidings standby'), hashtext($1))`,
          [this.#slot],
        );
        this.#client = client;
        this.#backend = rows[0].pid;
        this.#spokenAt = performance.now();
        return undefined;
      }
      return this.#holder(client);
    });
  }

  /** Whether another relay waits for it. */
  async wanted(): Promise<boolean> {
    const { rows } = await this.use((client) =>
      client.query<{ wanted: boolean }>(
        `select exists (
           select from pg_locks
           where locktype = 'advisory' and mode = 'ShareLock' and granted
             and database = (select oid from pg_database where datname = current_database())
             and classid::bigint = hashtext('tidings standby')::bigint & 4294967295
             and objid::bigint = hashtext($1)::bigint & 4294967295) as wanted`,
        [this.#slot],
      ),
    );
    return rows[0]?.wanted === true;
  }

  /** Lets another relay have it. */
  async release(): Promise<void> {
    await this.use((client) =>
      client.query(`select pg_advisory_unlock(hashtext('tidings slot'), hashtext($1))`, [
        this.#slot,
      ]),
    ).catch(() => {});
    this.#client = undefined;
    this.#backend = undefined;
    // As one that waits for it from now on.
    this.#prepared = undefined;
  }

  /** Renews it no more. The lease ends with the session. */
  stop(): void {
    clearInterval(this.#renewal);
  }

  async #prepare(client: pg.Client): Promise<void> {
    if (this.#prepared === client) return;
    await client.query(
      `select set_config('idle_session_timeout', $1, false),
              set_config('idle_in_transaction_session_timeout', $1, false)`,
      [String(SILENCE_MS)],
    );
    // What a holder that cannot publish asks before it keeps the slot.
    await client.query(
      `select pg_try_advisory_lock_shared(hashtext('tidings standby'), hashtext($1))`,
      [this.#slot],
    );
    this.#prepared = client;
  }

  async #holder(client: pg.Client): Promise<LeaseHolder> {
    const { rows } = await client.query<{
      pid: number;
      application: string | null;
      address: string | null;
    }>(
      `select l.pid, a.application_name as application, a.client_addr::text as address
       from pg_locks l left join pg_stat_activity a on a.pid = l.pid
       where l.locktype = 'advisory' and l.mode = 'ExclusiveLock' and l.granted
         and l.database = (select oid from pg_database where datname = current_database())
         and l.classid::bigint = hashtext('tidings slot')::bigint & 4294967295
         and l.objid::bigint = hashtext($1)::bigint & 4294967295`,
      [this.#slot],
    );
    const row = rows[0];
    if (row !== undefined && row.pid === this.#backend) {
      await client.query('select pg_terminate_backend($1)', [row.pid]);
    }
    return {
      pid: row?.pid ?? 0,
      application: row?.application ?? '',
      address: row?.address ?? undefined,
    };
  }

  #renew(): void {
    if (this.#client === undefined) return;
    this.use((client) => client.query('select')).catch(() => {});
  }
}
