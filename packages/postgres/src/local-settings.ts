import type pg from 'pg';

/**
 * Settings for one transaction, whatever the role, the database or a pooler has set. Those
 * that a server does not know are left out. A pooler keeps nothing of them.
 */
export type LocalSettings = Readonly<Record<string, string>>;

/** No time-out of the role's ends the work, and no name means other than what Postgres means. */
export const unhurried: LocalSettings = {
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  transaction_timeout: '0',
  search_path: 'pg_catalog, pg_temp',
};

/**
 * Begins a transaction with these settings, and takes the advisory lock of a kind of work.
 * Returns its backend, and false where another transaction has the lock.
 */
export async function beginAlone(
  client: pg.ClientBase,
  lock: bigint,
  settings: LocalSettings,
  begin = 'begin isolation level read committed',
): Promise<{ readonly pid: number; readonly alone: boolean }> {
  await client.query(begin);
  const { rows } = await client.query<{ pid: number; alone: boolean }>(
    `select pg_backend_pid() as pid, pg_try_advisory_xact_lock($1) as alone,
            (select count(set_config(name, value, true))
             from unnest($2::text[], $3::text[]) as given (name, value)
             where exists (select from pg_settings where pg_settings.name = given.name))`,
    [lock, Object.keys(settings), Object.values(settings)],
  );
  return rows[0] as { pid: number; alone: boolean };
}
