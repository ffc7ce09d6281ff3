import type { Logger } from '@tidings/relay';
import type pg from 'pg';
import {
  describePreparedTransaction,
  describeSession,
  type PreparedTransaction,
  preparedTransaction,
  type SessionActivity,
  sessionActivity,
} from '../blockers.ts';
import type { Snapshot } from '../snapshot.ts';
import type { PollSettings } from './poll-options.ts';

/** A transaction that has been open for long. */
interface OpenTransaction {
  readonly xid: bigint;
  /** One sentence that says whose it is and how to end it. */
  readonly sentence: string;
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
  const prepared = await client.query<PreparedTransaction>(
    `select ${preparedTransaction} from pg_prepared_xacts where transaction::text = $1`,
    [short],
  );
  const orphan = prepared.rows[0];
  if (orphan !== undefined) {
    return { xid, sentence: `${open}: it is ${describePreparedTransaction(orphan)}` };
  }
  const { rows } = await client.query<SessionActivity>(
    `select ${sessionActivity} from pg_stat_activity where backend_xid::text = $1`,
    [short],
  );
  const session = rows[0];
  if (session === undefined) return undefined;
  const sentence = `${open}: it belongs to ${describeSession(session)}${settingFor(session)}`;
  return { xid, sentence };
}

/** What keeps it from happening again; nothing where the state is not shown. */
function settingFor({ state }: SessionActivity): string {
  if (state === null) return '';
  const setting = state.startsWith('idle in transaction')
    ? 'idle_in_transaction_session_timeout'
    : 'statement_timeout (or transaction_timeout, from PostgreSQL 17)';
  return `, and set ${setting} so that it does not happen again`;
}
