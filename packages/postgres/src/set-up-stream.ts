import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';
import { applyMigrations } from './apply-migrations.ts';
import { createSlot, dropUnusedSlot } from './create-slot.ts';
import { extendPublication } from './extend-publication.ts';
import { type BeforeSlot, writeFirstCheckpoint } from './first-checkpoint.ts';
import { type SetUpControl, SetUpSession } from './set-up-session.ts';
import { inspectTables, type TableDemand } from './tables/table-inspection.ts';

/** What to prepare so that a stream can carry tables of the business. */
export interface StreamSetUp extends SetUpControl {
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
export function setUpStream(request: StreamSetUp): Promise<StreamSetUpReport> {
  return SetUpSession.use(request.connection, request, (session) => setUp(session, request));
}

async function setUp(session: SetUpSession, request: StreamSetUp): Promise<StreamSetUpReport> {
  const { slot, publication, tables } = request;
  const label = `publication "${publication}"`;
  await session.transaction(label, (client) => inspectTables(client, publication, tables, false));
  await applyMigrations(session);
  const { publicationCreated, tablesAdded } = await session.transaction(label, async (client) =>
    (await createPublication(client, request))
      ? { publicationCreated: true, tablesAdded: [] }
      : {
          publicationCreated: false,
          tablesAdded: await extendPublication(client, slot, publication, tables),
        },
  );
  let before: BeforeSlot | undefined;
  try {
    await session.transaction(`slot "${slot}"`, async (client) => {
      before = (await createSlot(client, slot)) ?? before;
      if (before === undefined) return;
      const names = tables.map(({ name }) => name);
      await writeFirstCheckpoint(client, { slot, publication, tables: names, before });
    });
  } catch (error) {
    if (before !== undefined) await session.cleanUp((client) => dropUnusedSlot(client, slot));
    throw error;
  }
  return { publicationCreated, slotCreated: before !== undefined, tablesAdded };
}

async function createPublication(
  client: pg.ClientBase,
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
