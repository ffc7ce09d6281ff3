import { isIPv6 } from 'node:net';
import { userInfo } from 'node:os';
import { optionBounds } from '@tidings/contract';
import { ConfigurationError, reasonOf } from '@tidings/relay';
import pg from 'pg';
import { parseConnectionString } from './connection-string.ts';
import { sessionTypes as types } from './session-types.ts';

/** How long a connection may take before it counts as lost. */
const CONNECT_TIMEOUT_MS = 10_000;

/** What a user may give as an object: pg's options, also those that a pool shares with it. */
const NAMES: Record<keyof pg.PoolConfig, true> = {
  user: true,
  database: true,
  password: true,
  port: true,
  host: true,
  connectionString: true,
  keepAlive: true,
  stream: true,
  statement_timeout: true,
  ssl: true,
  enableChannelBinding: true,
  sslnegotiation: true,
  query_timeout: true,
  lock_timeout: true,
  keepAliveInitialDelayMillis: true,
  idle_in_transaction_session_timeout: true,
  application_name: true,
  fallback_application_name: true,
  connectionTimeoutMillis: true,
  types: true,
  options: true,
  client_encoding: true,
  pipeline: true,
  max: true,
  min: true,
  idleTimeoutMillis: true,
  log: true,
  Promise: true,
  allowExitOnIdle: true,
  maxUses: true,
  maxLifetimeSeconds: true,
  Client: true,
  onConnect: true,
  verify: true,
};

const { known, milliseconds } = optionBounds(ConfigurationError);

/**
 * Reads what a user gave as connection, once: a URL, libpq's keywords, `/folder database` of
 * a Unix socket, or an object for `pg.Client`; what it leaves out comes from the environment
 * as pg reads it. The result says where to connect and as whom, and no more: how a session
 * behaves is Tidings' to say, so parameters such as `application_name`, `query_timeout` and
 * `types` are left out. `options` stay, because a proxy may route by them.
 *
 * The password is a function, so that nothing which prints the result prints it.
 * @throws ConfigurationError that holds nothing of the connection which may be a secret.
 */
export function clientConfigOf(connection: string | pg.ClientConfig): pg.ClientConfig {
  const given = withoutString(connection);
  const { host, port, user = accountName(), database, password, options } = given;
  const { ssl, sslnegotiation } = given;
  let client: Pick<pg.Client, 'host' | 'port' | 'user' | 'database'>;
  try {
    client = new pg.Client({ host, port, user, database, password, options, ssl, sslnegotiation });
  } catch (error) {
    throw new ConfigurationError(`connection cannot be used: ${reasonOf(error)}`);
  }
  checkPlace(client);
  const place = { host: client.host, port: client.port };
  const who = { user: client.user as string, database: client.database as string };
  return Object.freeze({ ...place, ...who, ...resolvedOf(client), ...chosenOf(given), types });
}

/** As libpq has it, of the operating system: pg knows USER alone, which services lack. */
function accountName(): string | undefined {
  if (process.env.PGUSER || pg.defaults.user) return undefined;
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

/** The server as a person would name it: `host:port/database`, no credentials. */
export function targetOf({ host = '', port, database }: pg.ClientConfig): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}/${database}`;
}

/** What was given as an object, with what its connection string says in its place. */
function withoutString(connection: string | pg.ClientConfig): pg.ClientConfig {
  const given = typeof connection === 'string' ? { connectionString: connection } : connection;
  if (given === null || typeof given !== 'object' || given.connectionString === '') throw none();
  if (typeof (given as { readonly connect?: unknown }).connect === 'function') {
    throw new ConfigurationError(
      'connection must say how to connect, got a client or a pool; give what that was made with',
    );
  }
  known('connection', given, NAMES);
  const { connectionString, ...rest } = given;
  if (connectionString === undefined) return checkedFields(rest);
  if (typeof connectionString !== 'string' || connectionString.trim() === '') throw none();
  // Of the fields beside it those of the string hold, as in pg.
  return checkedFields({ ...rest, ...parseConnectionString(connectionString.trim()) });
}

function none(): ConfigurationError {
  return new ConfigurationError(
    'connection must be a connection string or an object for pg.Client; is the environment ' +
      'variable that holds it set?',
  );
}

function checkedFields(given: pg.ClientConfig): pg.ClientConfig {
  const { host, port, user, database, password } = given;
  for (const [name, value] of Object.entries({ host, user, database })) {
    if (value !== undefined && value !== null && typeof value !== 'string') {
      throw new ConfigurationError(`connection.${name} must be a string, got ${typeof value}`);
    }
  }
  if (port !== undefined && port !== null && !/^\d{1,5}$/.test(String(port))) throw badPort();
  if (password && typeof password !== 'string' && typeof password !== 'function') {
    throw new ConfigurationError(
      `connection.password must be a string or a function, got ${typeof password}`,
    );
  }
  return given;
}

/** Refuses what is no name of a place: a URL in a field, a list, or a password gone astray. */
function checkPlace({ host, port, user, database }: pg.ClientConfig): void {
  if (typeof host === 'string' && host.includes(',')) {
    throw new ConfigurationError('connection names several hosts; name one, of the primary');
  }
  const isHost = typeof host === 'string' && (/^[\p{L}\p{N}._-]+$/u.test(host) || isIPv6(host));
  if (!isHost && !/^\/[^@:=;]*$/.test(host ?? '')) {
    throw new ConfigurationError(
      'the host of connection must be a name, an address or the folder of a Unix socket',
    );
  }
  if (!Number.isInteger(port) || Number(port) < 1 || Number(port) > 65_535) throw badPort();
  for (const [name, value] of Object.entries({ user, database })) {
    if (typeof value !== 'string' || value === '') {
      throw new ConfigurationError(`connection names no ${name}; write it, or set PGUSER`);
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    if (/:\/\/|[:/].*@|[\u0000-\u001f]/.test(value)) {
      throw new ConfigurationError(`the ${name} of connection must be the name of a ${name}`);
    }
  }
}

function badPort(): ConfigurationError {
  return new ConfigurationError(
    'the port of connection must be a number from 1 to 65535; in the user and the password of a ' +
      'URL write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25',
  );
}

/** Functions of passwords that stay the same. */
const fixedPasswords = new WeakSet<() => unknown>();

/** False where the password comes from a function of the user's, which may give another one. */
export function isFixedPassword({ password }: pg.ClientConfig): boolean {
  return typeof password !== 'function' || fixedPasswords.has(password);
}

function hidden(
  password: string | (() => string | Promise<string>),
): () => string | Promise<string> {
  if (typeof password === 'function') return password;
  const give = (): string => password;
  fixedPasswords.add(give);
  return give;
}

/** What pg makes of the fields and of the environment. */
function resolvedOf(client: unknown): pg.ClientConfig {
  // `connectionParameters` is missing from pg's types.
  const { password, options, ssl, sslnegotiation } = (
    client as { readonly connectionParameters: pg.ClientConfig }
  ).connectionParameters;
  return {
    ...(password ? { password: hidden(password) } : {}),
    ...(options ? { options } : {}),
    ...(ssl === undefined ? {} : { ssl }),
    ...(sslnegotiation === undefined ? {} : { sslnegotiation }),
  };
}

/** How to connect, as far as a user may choose it. */
function chosenOf(given: pg.ClientConfig): pg.ClientConfig {
  const { stream, enableChannelBinding, connectionTimeoutMillis, keepAliveInitialDelayMillis } =
    given;
  const limitMs = connectionTimeoutMillis ?? CONNECT_TIMEOUT_MS;
  return {
    connectionTimeoutMillis: milliseconds('connection.connectionTimeoutMillis', limitMs, 0),
    keepAlive: given.keepAlive ?? true,
    ...(stream === undefined ? {} : { stream }),
    ...(enableChannelBinding === undefined ? {} : { enableChannelBinding }),
    ...(keepAliveInitialDelayMillis === undefined ? {} : { keepAliveInitialDelayMillis }),
  };
}
