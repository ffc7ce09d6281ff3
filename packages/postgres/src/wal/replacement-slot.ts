import { setTimeout as delay } from 'node:timers/promises';
import { fullJitter } from '@tidings/contract';
import { type Logger, reasonOf } from '@tidings/relay';
import pg from 'pg';
import { describeBlockers, describeSessions } from '../blockers.ts';
import { type Lsn, parseLsn } from '../lsn.ts';
import { backendPidOf, openClient } from '../open-client.ts';
import { parseSnapshot, type Snapshot } from '../snapshot.ts';
import type { SqlSession } from '../sql-session.ts';

/** A slot that was made anew, with what was visible exactly where it begins. */
export interface ReplacementSlot {
  /** Everything committed before it is visible in the snapshot, nothing after it. */
  readonly consistentPoint: Lsn;
  readonly snapshot: Snapshot;
  /** When it was taken, by the server's clock: ISO 8601. */
  readonly at: string;
  /** In a transaction that sees the snapshot. It has to be ended. */
  readonly client: pg.Client;
}

/** What the new slot is to be. */
export interface ReplacementRequest {
  readonly replicationConnection: pg.ClientConfig;
  readonly slot: string;
  readonly serverVersion: number;
  /** In it the slot is this relay's. */
  readonly sql: Pick<SqlSession, 'use'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const DROP_RETRY_MS = 250;
/** How often the making of a slot is looked at. */
const LOOK_MS = 1_000;
/** How often it is said what a wait is for. */
const REPORT_MS = 10_000;
const noSlotFree = { baseMs: 500, capMs: 30_000 };

/**
 * Drops what is left of a slot. Waits while somebody streams it, and says who; what an
 * earlier session of a relay left behind on the slot, which is this relay's now, is ended.
 */
export async function dropSlot(request: ReplacementRequest): Promise<void> {
  const { sql, slot, logger, signal } = request;
  const own = request.replicationConnection.application_name;
  let reportedAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const holder = await sql.use((client) => tryToDrop(client, slot));
    if (holder === undefined) return;
    await sql.use((client) =>
      client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where pid = $1 and application_name = $2`,
        [holder, own],
      ),
    );
    if (performance.now() - reportedAt >= REPORT_MS) {
      reportedAt = performance.now();
      const who = await sql.use((client) => describeSessions(client, [holder]));
      logger.warn({ slot }, `the lost slot cannot be dropped while it is streamed by ${who}`);
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

/** Creates a slot in a transaction that sees its snapshot. Waits while none is free. */
export async function createReplacementSlot(request: ReplacementRequest): Promise<ReplacementSlot> {
  const { slot, logger, signal } = request;
  let reportedAt = Number.NEGATIVE_INFINITY;
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryToCreate(request);
    } catch (error) {
      if ((error as { readonly code?: string }).code !== '53400') throw error;
      if (performance.now() - reportedAt >= REPORT_MS) {
        reportedAt = performance.now();
        logger.warn({ slot }, `no replication slot is free; ${await whatToFree(request)}`);
      }
      await delay(fullJitter(noSlotFree, attempt), undefined, { signal });
    }
  }
}

async function whatToFree({ sql }: ReplacementRequest): Promise<string> {
  const { rows } = await sql.use((client) =>
    client.query<{ slot_name: string }>(
      'select slot_name from pg_replication_slots where not active order by slot_name limit 10',
    ),
  );
  const idle = rows.map(({ slot_name: name }) => pg.escapeLiteral(name));
  const drop = idle.map((name) => `SELECT pg_drop_replication_slot(${name})`).join(' or ');
  return `raise max_replication_slots${idle.length === 0 ? '' : `, or run ${drop}`}`;
}

async function tryToCreate(request: ReplacementRequest): Promise<ReplacementSlot> {
  const { slot, signal } = request;
  const client = await openClient(request.replicationConnection, {
    replication: 'database',
    // It waits for every transaction that runs.
    lockTimeoutMs: 0,
    signal,
  });
  const end = (): void => void client.end().catch(() => {});
  const pid = backendPidOf(client);
  const stop = (): void => {
    end();
    // A backend that waits for a lock does not notice that its client is gone.
    void request.sql
      .use((sql) => sql.query('select pg_terminate_backend($1)', [pid]))
      .catch(() => {});
  };
  signal.addEventListener('abort', stop, { once: true });
  const watch = watchCreation(request, pid, end);
  try {
    await client.query('begin isolation level repeatable read read only');
    const made = await client.query<{ consistent_point: string }>(createStatement(request));
    const seen = await client.query<{ snapshot: string; at: string }>(
      "select pg_current_snapshot()::text as snapshot, to_json(now()) #>> '{}' as at",
    );
    const [slotRow, view] = [made.rows[0], seen.rows[0]];
    if (slotRow === undefined || view === undefined) {
      throw new Error(`the server made slot "${slot}" and did not say where`);
    }
    return {
      consistentPoint: parseLsn(slotRow.consistent_point),
      snapshot: parseSnapshot(view.snapshot),
      at: view.at,
      client,
    };
  } catch (error) {
    end();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    clearInterval(watch);
  }
}

function createStatement({ slot, serverVersion }: ReplacementRequest): string {
  const name = pg.escapeIdentifier(slot);
  if (serverVersion < 150000) {
    return `CREATE_REPLICATION_SLOT ${name} LOGICAL pgoutput USE_SNAPSHOT`;
  }
  const failover = serverVersion >= 170000 ? ', FAILOVER true' : '';
  return `CREATE_REPLICATION_SLOT ${name} LOGICAL pgoutput (SNAPSHOT 'use'${failover})`;
}

/** Says what the making of a slot waits for, and ends it when its backend is gone. */
function watchCreation(
  { sql, slot, logger }: ReplacementRequest,
  pid: number | undefined,
  end: () => void,
): NodeJS.Timeout {
  let reportedAt = Number.NEGATIVE_INFINITY;
  async function look(client: pg.ClientBase): Promise<void> {
    const { rowCount } = await client.query('select from pg_stat_activity where pid = $1', [pid]);
    // The link was lost without a word: nothing would ever end the wait.
    if (rowCount === 0) return end();
    if (pid === undefined || performance.now() - reportedAt < REPORT_MS) return;
    const wait = await describeBlockers(client, pid);
    reportedAt = performance.now();
    const whose = wait?.blockers.length ? `, which is held by ${wait.blockers.join(' and ')}` : '';
    const on = wait?.on ?? 'the transactions that run';
    logger.warn({ slot }, `making the slot anew waits for ${on}${whose}`);
  }
  return setInterval(() => {
    sql.use(look).catch((error: unknown) => {
      logger.debug({ slot, reason: reasonOf(error) }, 'could not look what the new slot waits for');
    });
  }, LOOK_MS);
}
