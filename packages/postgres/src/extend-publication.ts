import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';
import type { TableDemand } from './tables/table-inspection.ts';
import {
  findAlteration,
  fingerprintedTables,
  readFingerprint,
} from './wal/publication-fingerprint.ts';
import { anyHoldsRows, unpublishedHeirs } from './wal/table-heirs.ts';
import type { TableName } from './wal/wal-layout.ts';

interface Published {
  readonly tables: readonly TableName[];
  readonly operations: readonly string[];
  readonly active: boolean;
}

/**
 * Gives a publication the tables and operations that it lacks, and the slot's checkpoint
 * the publication's new identity. That says that the stream was whole up to now, so it is
 * done only where the checkpoint knows the publication as it stands; otherwise the relay
 * finds the loss at its start. Returns the tables that were added. In the transaction that is
 * open, which may roll it back.
 * @throws ConfigurationError while a relay streams, which would take it for a loss.
 */
export async function extendPublication(
  client: pg.ClientBase,
  slot: string,
  publication: string,
  tables: readonly TableDemand[],
): Promise<readonly string[]> {
  const published = await observe(client, publication, slot);
  const wanted = tables.map(({ name }) => name);
  const heirs = await unpublishedHeirs(client, publication, wanted);
  const missing = [
    ...tables.filter(({ name }) => !isIn(published.tables)(name)).map(({ label }) => label),
    ...heirs,
  ];
  const operations = new Set([
    ...published.operations,
    ...tables.flatMap((table) => table.operations),
  ]);
  const stored = await storedFingerprint(client, slot);
  const noted = stored === undefined ? [] : fingerprintedTables(stored);
  const changes = missing.length > 0 || operations.size > published.operations.length;
  const covers = wanted.length === noted.length && wanted.every(isIn(noted));
  if (!changes && (stored === undefined || covers)) return [];
  const whole =
    stored !== undefined &&
    (await isWhole(client, publication, stored)) &&
    !(await anyHoldsRows(
      client,
      await unpublishedHeirs(client, publication, wanted.filter(isIn(published.tables))),
    ));
  if (published.active) {
    throw new ConfigurationError(
      `slot "${slot}" is being streamed; stop its relay, then change what publication ` +
        `"${publication}" publishes`,
    );
  }
  const name = pg.escapeIdentifier(publication);
  if (operations.size > published.operations.length) {
    await client.query(`alter publication ${name} set (publish = '${[...operations].join(', ')}')`);
  }
  for (const table of missing) {
    await client.query(`alter publication ${name} add table only ${table}`);
  }
  if (whole) {
    await client.query(
      'update tidings.checkpoint set publication_fingerprint = $2 where name = $1',
      [slot, await readFingerprint(client, publication, wanted)],
    );
    await client.query(
      `update tidings.incident set closed_at = now(), republished = 0
       where slot_name = $1 and closed_at is null
         and reason in ('unpublished', 'publication-changed')`,
      [slot],
    );
  }
  return missing;
}

async function observe(
  client: pg.ClientBase,
  publication: string,
  slot: string,
): Promise<Published> {
  const { rows } = await client.query<Published>(
    `select array_remove(array[
              case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
              case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end],
              null) as operations,
            (select coalesce(json_agg(json_build_object('schema', t.schemaname, 'table', t.tablename)
                      order by t.schemaname, t.tablename), '[]')
             from pg_publication_tables t where t.pubname = p.pubname) as tables,
            exists (select from pg_replication_slots where slot_name = $2 and active) as active
     from pg_publication p where p.pubname = $1`,
    [publication, slot],
  );
  return rows[0] as Published;
}

async function storedFingerprint(client: pg.ClientBase, slot: string): Promise<string | undefined> {
  const { rows } = await client.query<{ fingerprint: string | null }>(
    'select publication_fingerprint as fingerprint from tidings.checkpoint where name = $1',
    [slot],
  );
  return rows[0]?.fingerprint ?? undefined;
}

/** Whether everything that the tables of a fingerprint got since then has been streamed. */
async function isWhole(
  client: pg.ClientBase,
  publication: string,
  fingerprint: string,
): Promise<boolean> {
  const now = await readFingerprint(client, publication, fingerprintedTables(fingerprint));
  return (
    now !== undefined && (await findAlteration(client, fingerprint, now, undefined)) === undefined
  );
}

function isIn(tables: readonly TableName[]): (name: TableName) => boolean {
  return ({ schema, table }) =>
    tables.some((each) => each.schema === schema && each.table === table);
}
