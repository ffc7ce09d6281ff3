import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';
import { applyMigrations, lockMigrations } from './apply-migrations.ts';
import { clientConfigOf } from './connection-config.ts';
import { createSlot } from './create-slot.ts';
import { extendPublication } from './extend-publication.ts';
import { writeFirstCheckpoint } from './first-checkpoint.ts';
import { inspectTables, type TableDemand } from './tables/table-inspection.ts';

/** What to prepare so that a stream can carry tables of the business. */
export interface StreamSetUp {
  readonly connection: string | pg.ClientConfig;
  readonly slot: string;
  readonly publication: string;
  readonly tables: readonly TableDemand[];
}

/** What the preparation did; false where it was there. */
export interface StreamSetUpReport {
  readonly publicationCreated: boolean;
  readonly slotCreated: boolean;
  /** Tables that a publication which was there got now: `public.orders`. */
  readonly tablesAdded: readonly string[];
}

/**
 * Makes the schema `tidings`, then the publication, then the slot, each unless it is there;
 * a publication that is there gets the tables and operations that it lacks.
 * @throws ConfigurationError where a table cannot give what is demanded of it; nothing has
 * been created then.
 */
export async function setUpStream(request: StreamSetUp): Promise<StreamSetUpReport> {
  const { slot, publication, tables } = request;
  const client = new pg.Client(clientConfigOf(request.connection));
  client.on('error', () => {});
  await client.connect();
  try {
    await lockMigrations(client);
    await inspectTables(client, publication, tables, false);
    await applyMigrations(client);
    const publicationCreated = await createPublication(client, request);
    const tablesAdded = publicationCreated
      ? []
      : await extendPublication(client, slot, publication, tables);
    const before = await createSlot(client, slot);
    if (before !== undefined) {
      const names = tables.map(({ name }) => name);
      await writeFirstCheckpoint(client, { slot, publication, tables: names, before });
    }
    return { publicationCreated, slotCreated: before !== undefined, tablesAdded };
  } finally {
    await client.end();
  }
}

async function createPublication(
  client: pg.Client,
  { slot, publication, tables }: StreamSetUp,
): Promise<boolean> {
  const { rows } = await client.query<{ published: boolean; slotted: boolean }>(
    `select exists (select from pg_publication where pubname = $1) as published,
            exists (select from pg_replication_slots where slot_name = $2) as slotted`,
    [publication, slot],
  );
  if (rows[0]?.published === true) return false;
  if (rows[0]?.slotted === true) {
    throw new ConfigurationError(
      `slot "${slot}" is older than publication "${publication}" would be, so it could not decode ` +
        `its own past; run SELECT pg_drop_replication_slot('${slot}') if nobody needs it`,
    );
  }
  const operations = new Set(tables.flatMap((table) => table.operations));
  const names = tables.map(
    ({ name }) => `${pg.escapeIdentifier(name.schema)}.${pg.escapeIdentifier(name.table)}`,
  );
  await client.query(
    `create publication ${pg.escapeIdentifier(publication)} for table ${names.join(', ')}
     with (publish = '${[...operations].join(', ')}', publish_via_partition_root = true)`,
  );
  return true;
}
