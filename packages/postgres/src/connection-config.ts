import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';

/** How long a connection may take before it counts as lost. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * What a user gave as connection, with the defaults that a long-lived client needs.
 * @throws ConfigurationError when it is neither a string nor an object.
 */
export function clientConfigOf(connection: string | pg.ClientConfig): pg.ClientConfig {
  const given = typeof connection === 'string' ? { connectionString: connection } : connection;
  if (given === null || typeof given !== 'object' || given.connectionString === '') {
    throw new ConfigurationError(
      'connection must be a connection string or an object for pg.Client; is the environment ' +
        'variable that holds it set?',
    );
  }
  return { connectionTimeoutMillis: CONNECT_TIMEOUT_MS, keepAlive: true, ...given };
}

/** The server as a person would name it: `host:port/database`, no credentials. */
export function targetOf(config: pg.ClientConfig): string {
  const client = new pg.Client(config);
  return `${client.host}:${client.port}/${client.database}`;
}
