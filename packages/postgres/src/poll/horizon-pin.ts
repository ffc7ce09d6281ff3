import type pg from 'pg';

/** What keeps the horizon where it is. */
export interface HorizonPin {
  /** The transaction, to tell one pin from the next. */
  readonly xid: string;
  /** One sentence that says who holds it and how to end it. */
  readonly sentence: string;
}

interface Session {
  readonly pid: number;
  readonly application: string | null;
  readonly username: string | null;
  readonly database: string | null;
  readonly state: string | null;
  readonly began: string | null;
}

/**
 * Finds who keeps transaction `xid` open: a session, or a prepared transaction that
 * nobody ended. Undefined where it is neither, as on a server that is merely idle.
 */
export async function findHorizonPin(
  client: pg.ClientBase,
  poller: string,
  xid: bigint,
  forMs: number,
): Promise<HorizonPin | undefined> {
  // Sessions show the lower half of the id.
  const short = String(xid & 0xffffffffn);
  const waits =
    `poller "${poller}" has waited ${Math.round(forMs / 1_000)} s for transaction ${xid}, ` +
    'behind which no row is final yet';
  const prepared = await client.query<{ gid: string; database: string }>(
    'select gid, database from pg_prepared_xacts where transaction::text = $1',
    [short],
  );
  const orphan = prepared.rows[0];
  if (orphan !== undefined) {
    const gid = `'${orphan.gid.replaceAll("'", "''")}'`;
    return {
      xid: String(xid),
      sentence:
        `${waits}: it is prepared in database "${orphan.database}"; run COMMIT PREPARED ${gid} ` +
        `or ROLLBACK PREPARED ${gid} there`,
    };
  }
  const { rows } = await client.query<Session>(
    `select pid, application_name as application, usename as username, datname as database,
            state, to_json(xact_start) #>> '{}' as began
     from pg_stat_activity where backend_xid::text = $1`,
    [short],
  );
  const session = rows[0];
  if (session === undefined) return undefined;
  return { xid: String(xid), sentence: `${waits}: ${describe(session)}` };
}

function describe({ pid, application, username, database, state, began }: Session): string {
  const who =
    `it belongs to backend ${pid} (application "${application ?? ''}", user "${username ?? ''}", ` +
    `database "${database ?? ''}"`;
  // A role without pg_read_all_stats is not told what others do.
  if (state === null) {
    return (
      `${who}); end it with SELECT pg_terminate_backend(${pid}), or GRANT pg_read_all_stats to ` +
      "the poller's role to see what it does"
    );
  }
  const setting = state.startsWith('idle in transaction')
    ? 'set idle_in_transaction_session_timeout'
    : 'set statement_timeout (or transaction_timeout, from PostgreSQL 17)';
  return (
    `${who}, ${state}, begun ${began}); end it with SELECT pg_terminate_backend(${pid}), and ` +
    `${setting} so that it does not happen again`
  );
}
