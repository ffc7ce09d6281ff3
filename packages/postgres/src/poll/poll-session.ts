import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';
import { currentTimeline } from '../checkpoint-store.ts';
import { cutConnection } from '../cut-connection.ts';
import { openClient } from '../open-client.ts';
import { refuseRowSecurity } from '../text-rows.ts';
import { checkPollCheckpoints } from './poll-checkpoint.ts';
import type { PollSettings } from './poll-options.ts';

/** The connection that a poller reads through and whose locks say what it may read. */
export interface PollSession {
  readonly client: pg.Client;
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** Waits for the time, a notification, `signal` or the connection's end. */
  pause(ms: number, signal: AbortSignal): Promise<'time' | 'notified'>;
  close(): Promise<void>;
}

/** How long a server may take to let a session go. */
const END_MS = 1_000;

/** The server is a standby: it may be one for a moment, while it is being promoted. */
export class StandbyServer extends ConfigurationError {
  constructor() {
    super('the server is a standby; connect to the primary');
  }
}

/**
 * Connects and checks what can be checked before reading.
 * @throws ConfigurationError that says what to do.
 */
export async function openPollSession(settings: PollSettings): Promise<PollSession> {
  const client = await openClient(settings.connection, {
    needsSession: `poller "${settings.name}"`,
  });
  let wake = (_: 'time' | 'notified'): void => {};
  let ended = false;
  let notified = false;
  // What breaks the connection shows in the next query; here it only ends a pause.
  client.once('end', () => {
    ended = true;
    wake('time');
  });
  client.on('notification', () => {
    notified = true;
    wake('notified');
  });
  try {
    await refuseRowSecurity(client);
    // A table that was never analysed must not be read whole for a few new rows.
    await client.query('set enable_seqscan = off; set enable_bitmapscan = off');
    const server = await observeServer(client);
    await checkPollCheckpoints(client, settings.name, server.systemIdentifier);
    await client.query('select transaction_id, detail from tidings.outbox limit 0');
    if (settings.notifyChannel !== undefined) {
      await client.query(`listen ${pg.escapeIdentifier(settings.notifyChannel)}`);
    }
    return {
      client,
      ...server,
      pause(ms, signal) {
        if (notified || ended || signal.aborted || ms === 0) {
          const outcome = notified ? 'notified' : 'time';
          notified = false;
          return Promise.resolve(outcome);
        }
        return new Promise((resolve) => {
          const finish = (outcome: 'time' | 'notified'): void => {
            clearTimeout(timer);
            signal.removeEventListener('abort', onAbort);
            wake = () => {};
            notified = false;
            resolve(outcome);
          };
          const onAbort = (): void => finish('time');
          const timer = setTimeout(finish, ms, 'time');
          signal.addEventListener('abort', onAbort, { once: true });
          wake = finish;
        });
      },
      close: () => endOrCut(client),
    };
  } catch (error) {
    await endOrCut(client);
    throw error;
  }
}

/** Ends a connection, by force where the other side does not answer. */
async function endOrCut(client: pg.Client): Promise<void> {
  const patience = setTimeout(() => cutConnection(client), END_MS);
  await client.end().catch(() => {});
  clearTimeout(patience);
}

async function observeServer(
  client: pg.Client,
): Promise<Pick<PollSession, 'systemIdentifier' | 'timeline'>> {
  const { rows } = await client.query<{
    version: number;
    in_recovery: boolean;
    database: string;
    system_identifier: string;
    migrated: boolean;
  }>(
    `select current_setting('server_version_num')::integer as version,
            pg_is_in_recovery() as in_recovery, current_database() as database,
            (select system_identifier::text from pg_control_system()),
            to_regclass('tidings.checkpoint') is not null as migrated`,
  );
  const row = rows[0];
  if (row === undefined) throw new Error('the server answered a query for settings with no row');
  if (row.version < 140000) {
    throw new ConfigurationError(
      `PostgreSQL ${Math.floor(row.version / 10000)} is too old for the relay; use 14 or later`,
    );
  }
  if (row.in_recovery) throw new StandbyServer();
  if (!row.migrated) {
    throw new ConfigurationError(
      `database "${row.database}" has no tidings.outbox; run \`tidings outbox migrate\` first`,
    );
  }
  const timeline = await client.query<{ timeline: number }>(
    `select ${currentTimeline} as timeline`,
  );
  return {
    systemIdentifier: row.system_identifier,
    timeline: timeline.rows[0]?.timeline as number,
  };
}
