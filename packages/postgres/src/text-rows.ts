import { ConfigurationError, RECORD_OVERHEAD_BYTES } from '@tidings/relay';
import pg from 'pg';
import type { TableName } from './wal/wal-layout.ts';

/** A row whose columns all came as the server wrote them. */
export type TextRow = Readonly<Record<string, string | null>>;

const outbox: TableName = { schema: 'tidings', table: 'outbox' };

/**
 * Lets the server refuse instead of filtering: with row level security a role that may not
 * see all rows would read too few, without a word.
 * @throws ConfigurationError where rows of the tables would be filtered now.
 */
export async function refuseRowSecurity(
  client: pg.ClientBase,
  tables: readonly TableName[] = [outbox],
): Promise<void> {
  await client.query('set row_security = off');
  await refuseFilteredRows(client, tables);
}

/**
 * Refuses tables whose rows would be filtered, whatever `row_security` is.
 * @throws ConfigurationError
 */
export async function refuseFilteredRows(
  client: pg.ClientBase,
  tables: readonly TableName[] = [outbox],
): Promise<void> {
  const { rows } = await client.query<{ role: string; name: string }>(
    `select current_user as role, name
     from (select format('%I.%I', schema, name) as name
           from unnest($1::text[], $2::text[]) as t (schema, name)) as t
     where row_security_active(to_regclass(name))`,
    [tables.map(({ schema }) => schema), tables.map(({ table }) => table)],
  );
  const filtered = rows[0];
  if (filtered === undefined) return;
  const { role, name } = filtered;
  throw new ConfigurationError(
    `row level security would hide rows of ${name} from role "${role}"; run ` +
      `ALTER ROLE ${pg.escapeIdentifier(role)} BYPASSRLS, or ` +
      `ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`,
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
