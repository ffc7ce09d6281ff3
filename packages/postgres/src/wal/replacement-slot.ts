import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, reasonOf } from '@tidings/relay';
import pg from 'pg';
import { type Lsn, parseLsn } from '../lsn.ts';
import type { SqlSession } from '../sql-session.ts';

/** A slot that was made anew, and the snapshot that ends exactly where it begins. */
export interface ReplacementSlot {
  /** Everything committed before it is visible in the snapshot, nothing after it. */
  readonly consistentPoint: Lsn;
  /** Name for SET TRANSACTION SNAPSHOT; valid until `release`. */
  readonly snapshotName: string;
  release(): Promise<void>;
}

/** What the new slot is to be. */
export interface ReplacementRequest {
  readonly replicationConnection: pg.ClientConfig;
  readonly slot: string;
  readonly serverVersion: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const DROP_RETRY_MS = 250;
/** Creating a slot waits for every transaction that runs; after so long it is reported. */
const BLOCKERS_AFTER_MS = 5_000;

/** Drops what is left of a slot. Waits while somebody streams it, and says who. */
export async function dropSlot(
  sql: Pick<SqlSession, 'use'>,
  slot: string,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const held = await sql.use((client) => tryToDrop(client, slot));
    if (held === undefined) return;
    if (attempt % 20 === 1) {
      logger.warn(
        { slot, activePid: held },
        'the lost slot is still streamed by another backend; waiting for it to end',
      );
    }
    await delay(DROP_RETRY_MS, undefined, { signal });
  }
}

/** The backend that streams the slot and so keeps it; undefined when the slot is gone. */
async function tryToDrop(client: pg.ClientBase, slot: string): Promise<number | undefined> {
  const { rows } = await client.query<{ active_pid: number | null }>(
    'select active_pid from pg_replication_slots where slot_name = $1',
    [slot],
  );
  if (rows.length === 0) return undefined;
  try {
    await client.query('select pg_drop_replication_slot($1)', [slot]);
    return undefined;
  } catch (error) {
    if ((error as { readonly code?: string }).code !== '55006') throw error;
    return rows[0]?.active_pid ?? 0;
  }
}

/** Creates a slot with an exported snapshot; only a replication connection can. */
export async function createReplacementSlot(
  request: ReplacementRequest,
  sql: Pick<SqlSession, 'use'>,
): Promise<ReplacementSlot> {
  const client = new pg.Client({
    ...request.replicationConnection,
    // `replication` is read by pg but missing from its types.
    ...{ replication: 'database' },
  });
  client.on('error', () => {});
  await client.connect();
  const abort = (): void => void client.end().catch(() => {});
  request.signal.addEventListener('abort', abort, { once: true });
  const pid = (client as unknown as { readonly processID?: number }).processID;
  const reporter = setInterval(() => {
    void reportBlockers(sql, request, pid).then((alive) => {
      // The link was lost without a word: nothing would ever end the wait.
      if (!alive) abort();
    });
  }, BLOCKERS_AFTER_MS);
  try {
    const { rows } = await client.query<{ consistent_point: string; snapshot_name: string }>(
      createStatement(request.slot, request.serverVersion),
    );
    const row = rows[0];
    if (row === undefined) throw new Error('the server made a slot and did not say where');
    return {
      consistentPoint: parseLsn(row.consistent_point),
      snapshotName: row.snapshot_name,
      release: async () => {
        request.signal.removeEventListener('abort', abort);
        await client.end().catch(() => {});
      },
    };
  } catch (error) {
    request.signal.removeEventListener('abort', abort);
    await client.end().catch(() => {});
    throw error;
  } finally {
    clearInterval(reporter);
  }
}

function createStatement(slot: string, serverVersion: number): string {
  const name = pg.escapeIdentifier(slot);
  if (serverVersion < 150000) {
    return `CREATE_REPLICATION_SLOT ${name} LOGICAL pgoutput EXPORT_SNAPSHOT`;
  }
  const failover = serverVersion >= 170000 ? ', FAILOVER true' : '';
  return `CREATE_REPLICATION_SLOT ${name} LOGICAL pgoutput (SNAPSHOT 'export'${failover})`;
}

/** False when the server no longer knows the backend that creates the slot. */
async function reportBlockers(
  sql: Pick<SqlSession, 'use'>,
  request: ReplacementRequest,
  creator: number | undefined,
): Promise<boolean> {
  try {
    const alive = await sql.use((client) =>
      client.query('select from pg_stat_activity where pid = $1', [creator]),
    );
    if (alive.rowCount === 0) return false;
    const { rows } = await sql.use((client) =>
      client.query(
        `select pid, application_name, state, xact_start from pg_stat_activity
         where backend_xid is not null order by xact_start limit 5`,
      ),
    );
    request.logger.warn(
      { slot: request.slot, transactions: rows },
      'creating the slot waits for transactions that run; end them to go on',
    );
  } catch (error) {
    request.logger.debug({ reason: reasonOf(error) }, 'could not look for running transactions');
  }
  return true;
}
