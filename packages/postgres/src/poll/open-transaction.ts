import type { Logger } from '@tidings/relay';
import type pg from 'pg';
import type { Snapshot } from '../snapshot.ts';
import type { PollSettings } from './poll-options.ts';

/** A transaction that has been open for long. */
interface OpenTransaction {
  readonly xid: bigint;
  /** One sentence that says whose it is and how to end it. */
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

/** Warns, once a transaction, of one that stays open for long. Called with each snapshot. */
export function openTransactionWatch(
  client: pg.ClientBase,
  { name, openTransactionWarningMs }: PollSettings,
  logger: Logger,
): (snapshot: Snapshot) => Promise<void> {
  let oldest: bigint | undefined;
  let since = 0;
  let lookedAt = 0;
  let warned: bigint | undefined;
  return async ({ running: [xid] }) => {
    const now = performance.now();
    if (xid !== oldest) {
      oldest = xid;
      since = now;
      lookedAt = now;
    }
    if (xid === undefined || xid === warned || now - lookedAt < openTransactionWarningMs) return;
    lookedAt = now;
    const open = await findOpenTransaction(client, xid, now - since);
    if (open === undefined) return;
    warned = xid;
    logger.warn({ poller: name, xid: String(xid) }, open.sentence);
  };
}

/**
 * Finds whose transaction `xid` is: a session's, or a prepared one that nobody ended.
 * Undefined where it has ended meanwhile.
 */
async function findOpenTransaction(
  client: pg.ClientBase,
  xid: bigint,
  forMs: number,
): Promise<OpenTransaction | undefined> {
  // Sessions show the lower half of the id.
  const short = String(xid & 0xffffffffn);
  const open =
    `transaction ${xid} has been open for ${Math.round(forMs / 1_000)} s: what it appends is late ` +
    'by as much, and the server cannot vacuum behind it';
  const prepared = await client.query<{ gid: string; database: string }>(
    'select gid, database from pg_prepared_xacts where transaction::text = $1',
    [short],
  );
  const orphan = prepared.rows[0];
  if (orphan !== undefined) {
    const gid = `'${orphan.gid.replaceAll("'", "''")}'`;
    return {
      xid,
      sentence:
        `${open}: it is prepared in database "${orphan.database}"; run COMMIT PREPARED ${gid} ` +
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
  return { xid, sentence: `${open}: ${describe(session)}` };
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
