import { reasonOf } from '@tidings/relay';
import pg from 'pg';
import { isFixedPassword } from './connection-config.ts';
import { ConnectionLost } from './connection-lost.ts';
import { cutConnection } from './cut-connection.ts';
import { pinStatement, type SessionRequest } from './session-settings.ts';
import { refuseTransactionPooler } from './transaction-pooler.ts';

/** How a client is used. */
export interface ClientRequest extends Partial<SessionRequest> {
  /** `database` streams a slot, and takes SQL beside the replication commands. */
  readonly replication?: 'database';
  /**
   * Who needs a session, with locks, cursors and settings that last: `poller "orders"`. It is
   * refused behind a pooler in transaction mode then; without it nothing is set that would
   * reach others of the pool.
   */
  readonly needsSession?: string;
  /** Ends an attempt to connect. */
  readonly signal?: AbortSignal;
}

/** Shorter than any use of a session may take, so that waits for a lock do not pile up. */
const LOCK_TIMEOUT_MS = 10_000;

/**
 * Connects, and pins how the session behaves. `config` is what `clientConfigOf` gave, with an
 * `application_name` and, where a query may not take long, a `query_timeout`.
 * @throws ConnectionLost where the server gave no error of its own, then and in each query.
 * @throws ConfigurationError where a session is needed and a pooler does not give one.
 */
export async function openClient(
  config: pg.ClientConfig,
  request: ClientRequest = {},
): Promise<pg.Client> {
  const { signal } = request;
  signal?.throwIfAborted();
  const client = createClient(config, request);
  const cut = (): void => cutConnection(client);
  signal?.addEventListener('abort', cut, { once: true });
  try {
    await connect(client, config);
    await withinLimit(client, config, async () => {
      const backendPid = backendPidOf(client) ?? 0;
      const session = { lockTimeoutMs: LOCK_TIMEOUT_MS, ...request };
      const pid = await pin(client, pinStatement(session, backendPid, false));
      if (pid === backendPid || request.needsSession === undefined) return;
      await refuseTransactionPooler(client, config, request.needsSession);
      await pin(client, pinStatement(session, backendPid, true));
    });
    return client;
  } catch (error) {
    cut();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cut);
  }
}

/** The server's process, as it was told at the start of the connection; a pooler's are its own. */
export function backendPidOf(client: pg.Client): number | undefined {
  // `processID` is missing from pg's types.
  return (client as unknown as { readonly processID?: number }).processID;
}

function createClient(config: pg.ClientConfig, { replication }: ClientRequest): pg.Client {
  // `replication` is read by pg but missing from its types.
  const client = new pg.Client({
    ...config,
    ...(replication === undefined ? {} : { replication }),
  });
  // What breaks an idle connection shows in the next query; unheard it would end the process.
  client.on('error', () => {});
  // `pg.defaults` holds for every client of a process; what is set here is set for this one.
  const { connectionParameters } = client as unknown as {
    readonly connectionParameters: Record<string, unknown>;
  };
  for (const name of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) {
    connectionParameters[name] = undefined;
  }
  connectionParameters.query_timeout = config.query_timeout;
  (client as unknown as { binary: boolean }).binary = false;
  const query = client.query.bind(client) as (...given: unknown[]) => unknown;
  (client as { query: unknown }).query = (...given: unknown[]): unknown => {
    const result = query(...given);
    return result instanceof Promise ? result.catch(rethrow) : result;
  };
  return client;
}

async function connect(client: pg.Client, config: pg.ClientConfig): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    // A password that is asked for anew each time may be the right one the next time.
    const mayChange = error instanceof pg.DatabaseError && error.code === '28P01';
    if (error instanceof pg.DatabaseError && !(mayChange && !isFixedPassword(config))) throw error;
    throw new ConnectionLost(reasonOf(error), { cause: error });
  }
}

/** pg gives plain errors where a connection is over, and the server's own as `DatabaseError`. */
function rethrow(error: unknown): never {
  const isDefect = error instanceof TypeError || error instanceof SyntaxError;
  if (isDefect || error instanceof pg.DatabaseError || error instanceof ConnectionLost) throw error;
  throw new ConnectionLost(reasonOf(error), { cause: error });
}

async function pin(client: pg.Client, statement: string): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(statement);
  return rows[0]?.pid as number;
}

/** As long as connecting may take: a link that goes silent right behind it ends, too. */
async function withinLimit(
  client: pg.Client,
  { connectionTimeoutMillis = 0 }: pg.ClientConfig,
  work: () => Promise<void>,
): Promise<void> {
  const limit =
    connectionTimeoutMillis > 0
      ? setTimeout(() => cutConnection(client), connectionTimeoutMillis)
      : undefined;
  try {
    await work();
  } finally {
    clearTimeout(limit);
  }
}
