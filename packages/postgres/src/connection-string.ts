import { MAX_TIMER_MS } from '@tidings/contract';
import { ConfigurationError, reasonOf } from '@tidings/relay';
import pg from 'pg';
import { isConnectionKeywords, parseConnectionKeywords } from './connection-keywords.ts';
import {
  type ConnectionParameters,
  isConnectionUrl,
  parseConnectionUrl,
} from './connection-url.ts';

/** Parameters of libpq that say where or how to connect, and that pg does not know. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  hostaddr: 'write the address as host',
  service: 'write what the service file says as host, port, dbname and user',
  servicefile: 'write what the service file says as host, port, dbname and user',
  passfile: 'set PGPASSFILE',
};
const SSL_PARAMETERS = [
  'ssl',
  'sslmode',
  'sslcert',
  'sslkey',
  'sslrootcert',
  'sslnegotiation',
  'uselibpqcompat',
];
const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];

/**
 * Reads a connection string: a URL, libpq's keywords, or `/folder database` of a Unix socket.
 * Parameters that say neither where nor as whom to connect are left out.
 * @throws ConfigurationError that holds nothing of the text but names of parameters and files.
 */
export function parseConnectionString(text: string): pg.ClientConfig {
  const parameters = parametersOf(text);
  for (const [name, advice] of Object.entries(UNSUPPORTED)) {
    if (parameters[name] !== undefined) {
      throw new ConfigurationError(
        `the connection string has ${name}, which is not supported; ${advice}`,
      );
    }
  }
  const { host, port, dbname, user, password, options, connect_timeout: seconds } = parameters;
  const limit = Number(seconds);
  const binding = parameters.channel_binding;
  return {
    ...(host ? { host } : {}),
    ...(port ? { port: portOf(port) } : {}),
    ...(dbname ? { database: dbname } : {}),
    ...(user ? { user } : {}),
    ...(password ? { password } : {}),
    ...(options ? { options } : {}),
    ...(limit > 0 ? { connectionTimeoutMillis: Math.min(limit * 1_000, MAX_TIMER_MS) } : {}),
    ...(binding === 'require' || binding === 'prefer' ? { enableChannelBinding: true } : {}),
    ...sslOf(parameters),
  };
}

function parametersOf(text: string): ConnectionParameters {
  if (isConnectionUrl(text)) return parseConnectionUrl(text);
  const socket = /^(\/[^/\s@:=;][^\s@:=;]*)(?:\s+([^\s/@:=;]+))?$/.exec(text);
  if (socket !== null) {
    const [, host = '', dbname] = socket;
    return { host, ...(dbname === undefined ? {} : { dbname }) };
  }
  if (isConnectionKeywords(text)) return parseConnectionKeywords(text);
  const cause = /^jdbc:/i.test(text)
    ? 'is a JDBC URL'
    : /^["'`]/.test(text)
      ? 'is in quotes'
      : /^psql\s/i.test(text)
        ? 'is a command line of psql'
        : 'is none that Postgres knows';
  throw new ConfigurationError(
    `the connection string ${cause}; write postgres://user:password@host:5432/database`,
  );
}

/** What is no number is refused with every other port that is none. */
function portOf(text: string): number {
  return /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
}

/** As pg has it, and none of it a secret: modes, and the names of files. */
function sslOf(parameters: ConnectionParameters): Pick<pg.ClientConfig, 'ssl' | 'sslnegotiation'> {
  const names = SSL_PARAMETERS.filter((name) => parameters[name] !== undefined);
  if (names.length === 0) return {};
  const { sslmode } = parameters;
  if (sslmode !== undefined && !SSL_MODES.includes(sslmode)) {
    throw new ConfigurationError(`sslmode must be one of ${SSL_MODES.join(', ')}`);
  }
  const query = new URLSearchParams(
    names.map((name): [string, string] => [name, parameters[name] ?? '']),
  );
  try {
    const { connectionParameters } = new pg.Client(`postgres://host/?${query}`) as unknown as {
      readonly connectionParameters: Pick<pg.ClientConfig, 'ssl' | 'sslnegotiation'>;
    };
    const { ssl, sslnegotiation } = connectionParameters;
    return {
      ...(ssl === undefined ? {} : { ssl }),
      ...(sslnegotiation === undefined ? {} : { sslnegotiation }),
    };
  } catch (error) {
    throw new ConfigurationError(
      `the connection's ${names.join(', ')} cannot be used: ${reasonOf(error)}`,
    );
  }
}
