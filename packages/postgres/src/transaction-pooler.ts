import { randomUUID } from 'node:crypto';
import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';
import { targetOf } from './connection-config.ts';

/** How long a notification may take on its way to a client that waits for nothing else. */
const HEARD_MS = 1_000;
/** Notifications that are tried before a slow link is taken for slow. */
const TRIES = 3;
/** How long the second connection may take to answer. */
const SECOND_MS = 10_000;
/** Servers of a pool that are looked through for a LISTEN that was left there. */
const POOL_LOOKS = 64;

/**
 * Refuses a connection that a pooler lends a server for one transaction at a time: locks,
 * cursors and settings of the session would stay behind at whatever server it was, for
 * the next client to find. Call it before anything is set on the session.
 *
 * A client that is connected to the server itself knows its backend's process id. Behind a
 * pooler it does not, and then a notification tells: one that another connection sends
 * reaches a client that waits for it only where a server is bound to the client between its
 * transactions. That holds for a pool of any size, a single server too, and for a pooler
 * that keeps a session by what was done in it, as Amazon RDS Proxy does.
 * @param who Begins the sentence: `poller "orders"`.
 * @throws ConfigurationError that says what to connect to.
 */
export async function refuseTransactionPooler(
  client: pg.Client,
  config: pg.ClientConfig,
  who: string,
): Promise<void> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const { processID } = client as unknown as { readonly processID: number | null };
  if (rows[0]?.pid === processID) return;
  if (await keepsServer(client, config, who)) return;
  throw new ConfigurationError(
    `${who} needs a session of its own, and at ${targetOf(config)} is a pooler that lends one for ` +
      'a transaction at a time; connect to the server itself, or to a pool in session mode',
  );
}

async function keepsServer(
  client: pg.Client,
  config: pg.ClientConfig,
  who: string,
): Promise<boolean> {
  const channel = `tidings_${randomUUID().replaceAll('-', '')}`;
  const other = await second(config, who);
  let heard = false;
  let wake = (): void => {};
  const onNotification = (notification: pg.Notification): void => {
    if (notification.channel !== channel) return;
    heard = true;
    wake();
  };
  client.on('notification', onNotification);
  try {
    await client.query(`listen ${channel}`);
    for (let tries = 1; tries <= TRIES; tries++) {
      await other.query(`notify ${channel}`);
      if (!heard) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, HEARD_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      // Heard while nothing was asked of the server.
      if (heard) return true;
      // An answer comes after what was to be told by then: without it, nobody tells.
      await client.query('select');
      if (!heard) return false;
      heard = false;
    }
    return true;
  } finally {
    client.off('notification', onNotification);
    await stopListening(client, channel);
    await other.end().catch(() => {});
  }
}

async function second(config: pg.ClientConfig, who: string): Promise<pg.Client> {
  const other = new pg.Client({
    ...config,
    connectionTimeoutMillis: SECOND_MS,
    query_timeout: SECOND_MS,
  });
  other.on('error', () => {});
  try {
    await other.connect();
    await other.query('select');
    return other;
  } catch (error) {
    void other.end().catch(() => {});
    throw new ConfigurationError(
      `${who} needs two connections, and the pooler at ${targetOf(config)} gave no second one ` +
        `within ${SECOND_MS / 1_000} s (${(error as Error).message}); make its pool larger`,
    );
  }
}

/** A pooler may have left the LISTEN at any of its servers, which take turns. */
async function stopListening(client: pg.Client, channel: string): Promise<void> {
  for (let looks = 0; looks < POOL_LOOKS; looks++) {
    await client.query('begin');
    const { rows } = await client.query<{ listens: boolean }>(
      'select $1 in (select pg_listening_channels()) as listens',
      [channel],
    );
    const found = rows[0]?.listens === true;
    if (found) await client.query(`unlisten ${channel}`);
    await client.query('commit');
    if (found) return;
  }
}
