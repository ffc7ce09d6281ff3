import { RECORD_OVERHEAD_BYTES } from '@tidings/relay';
import type pg from 'pg';

/** A row whose columns all came as the server wrote them. */
export type TextRow = Readonly<Record<string, string | null>>;

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
