import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';
import { applyMigrations, lockMigrations } from '../apply-migrations.ts';
import { clientConfigOf } from '../connection-config.ts';
import { createSlot } from '../create-slot.ts';
import type { CapturedTable } from './capture-table.ts';
import { inspectTables } from './table-inspection.ts';
import { checkTables, TABLE_PUBLICATION } from './table-source.ts';

/** What to prepare for `tableSource`. */
export interface TableSetUpOptions {
  /** A connection string, or what `pg.Client` takes; the role owns the tables. */
  readonly connection: string | pg.ClientConfig;
  readonly slot: string;
  /** Name of the publication. Default `tidings_tables`. */
  readonly publication?: string;
  readonly tables: readonly CapturedTable[];
}

/** What the preparation did; false where it was there. */
export interface TableSetUpReport {
  readonly publicationCreated: boolean;
  readonly slotCreated: boolean;
}

/**
 * Prepares a database for `tableSource`: the schema `tidings`, which keeps the checkpoint,
 * then the publication of the tables, then the slot. The order matters: a slot cannot
 * decode what is older than its publication. It may run twice; a publication that is there
 * is left as it is, and the relay says at its start what it lacks.
 * @throws ConfigurationError where a table cannot be captured as its mapping wants it, with
 * the statement to run; nothing has been created then.
 */
export async function setUpTableCapture(options: TableSetUpOptions): Promise<TableSetUpReport> {
  const { slot, tables, publication = TABLE_PUBLICATION } = options;
  checkTables(tables);
  const client = new pg.Client(clientConfigOf(options.connection));
  client.on('error', () => {});
  await client.connect();
  try {
    await lockMigrations(client);
    await inspectTables(client, publication, tables, false);
    await applyMigrations(client);
    const publicationCreated = await createPublication(client, publication, slot, tables);
    return { publicationCreated, slotCreated: await createSlot(client, slot) };
  } finally {
    await client.end();
  }
}

async function createPublication(
  client: pg.Client,
  publication: string,
  slot: string,
  tables: readonly CapturedTable[],
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
