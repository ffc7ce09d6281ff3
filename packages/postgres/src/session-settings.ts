import pg from 'pg';

/** What a session is for, as far as its settings depend on it. */
export interface SessionRequest {
  /** Milliseconds that a statement waits for a lock; 0 waits for ever. */
  readonly lockTimeoutMs: number;
  /** Further settings of the server, by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * In force on every session of Tidings, whatever the connection string, the environment, the
 * role (`ALTER ROLE … SET`) or the database (`ALTER DATABASE … SET`) say.
 *
 * Not `default_transaction_read_only`: services set it where a server must not be written to
 * for a while, because its disk is almost full or another server takes over.
 */
const PINNED: Readonly<Record<string, string>> = {
  // Text reads the same everywhere.
  client_encoding: 'UTF8',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  lc_monetary: 'C',
  standard_conforming_strings: 'on',
  quote_all_identifiers: 'off',
  // No function, operator or table of somebody else takes the place of the server's own.
  search_path: 'pg_catalog, pg_temp',
  // The server refuses instead of leaving rows out.
  row_security: 'off',
  // A client has its own limits, and its work may be long or wait for the bus.
  statement_timeout: '0',
  transaction_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  // A machine that died or was cut off says nothing: by the usual defaults its session, and
  // its locks with it, would live on for two hours.
  tcp_keepalives_idle: '15',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
};

/** What a client has given up ends within so long, too. Not on Windows; PostgreSQL 14. */
const CHECK_INTERVAL = '5s';

/**
 * The statement that pins the settings of a session, and says of which backend it is. Names
 * are qualified, for the search path is not pinned yet. Settings that a version lacks are
 * left out.
 *
 * `backendPid` is what the connection was told at its start. A pooler tells something of its
 * own: then, unless `throughPooler`, the settings end with the statement, for the session is
 * somebody else's a moment later.
 */
export function pinStatement(
  { lockTimeoutMs, settings = {} }: SessionRequest,
  backendPid: number,
  throughPooler: boolean,
): string {
  const pinned = { ...PINNED, lock_timeout: String(lockTimeoutMs), ...settings };
  const values = Object.entries(pinned).map(
    ([name, value]) => `(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(value)})`,
  );
  const same = 'operator(pg_catalog.=)';
  const isLocal = throughPooler ? 'false' : `not pg_catalog.pg_backend_pid() ${same} ${backendPid}`;
  return `select pg_catalog.pg_backend_pid() as pid,
      pg_catalog.count(pg_catalog.set_config(pin.name, pin.value, ${isLocal})) as pinned
    from (values ${values.join(', ')},
      ('client_connection_check_interval',
       case when pg_catalog.version() operator(pg_catalog.~*) 'visual|mingw' then '0'
            else '${CHECK_INTERVAL}' end),
      -- Off, a checkpoint would be told of before it is safe.
      ('synchronous_commit',
       case when pg_catalog.current_setting('synchronous_commit') ${same} 'off' then 'local'
            else pg_catalog.current_setting('synchronous_commit') end)
    ) as pin (name, value)
    where pg_catalog.current_setting(pin.name, true) is not null`;
}
