import { ConfigurationError, RECORD_OVERHEAD_BYTES } from '@tidings/relay';
import pg from 'pg';

/** A row whose columns all came as the server wrote them. */
export type TextRow = Readonly<Record<string, string | null>>;

/**
 * Lets the server refuse instead of filtering: with row level security a role that may not
 * see all rows would read too few, without a word.
 * @throws ConfigurationError where rows of the outbox would be filtered now.
 */
export async function refuseRowSecurity(client: pg.ClientBase): Promise<void> {
  await client.query('set row_security = off');
  const { rows } = await client.query<{ filtered: boolean; role: string }>(
    `select current_user as role,
            coalesce(row_security_active(to_regclass('tidings.outbox')), false) as filtered`,
  );
  const { filtered, role } = rows[0] as (typeof rows)[0];
  if (!filtered) return;
  throw new ConfigurationError(
    `row level security would hide rows of tidings.outbox from role "${role}"; run ` +
      `ALTER ROLE ${pg.escapeIdentifier(role)} BYPASSRLS, or ` +
      'ALTER TABLE tidings.outbox DISABLE ROW LEVEL SECURITY',
  );
}

/**
 * Pins what text looks like on a connection, so that rows read the same whatever the
 * role's or the database's settings are.
 */
export async function pinTextFormat(client: pg.ClientBase): Promise<void> {
  await client.query(
    "set datestyle = 'ISO'; set timezone = 'UTC'; set intervalstyle = 'postgres'; " +
      "set bytea_output = 'hex'",
  );
}

/** Runs a query and leaves every value as text: no number is rewritten. */
export async function queryText(
  client: pg.ClientBase,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly TextRow[]> {
  const { rows } = await client.query<TextRow>({
    text,
    values: [...values],
    types: { getTypeParser: () => (value: string) => value },
  });
  return rows;
}

/** What a row occupies in memory, roughly. */
export function bytesOf(row: TextRow): number {
  let bytes = RECORD_OVERHEAD_BYTES;
  for (const name in row) bytes += row[name]?.length ?? 0;
  return bytes;
}
