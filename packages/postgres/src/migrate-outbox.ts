import { optionBounds } from '@tidings/contract';
import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';
import { applyEach, applyFirst } from './apply-migrations.ts';
import { createSlot, dropUnusedSlot } from './create-slot.ts';
import { type BeforeSlot, writeFirstCheckpoint } from './first-checkpoint.ts';
import { type SetUpControl, SetUpSession, setUpControlNames } from './set-up-session.ts';
import { outboxLayout } from './wal/outbox-layout.ts';

/** What to prepare in a database. */
export interface MigrateOptions extends SetUpControl {
  /** A connection string, or what `pg.Client` takes; the role owns what is created. */
  readonly connection: string | pg.ClientConfig;
  /** Creates this replication slot too; the role needs REPLICATION then. */
  readonly slot?: string;
  /** Name of the publication. Default `tidings`. */
  readonly publication?: string;
}

/** What a migration did. */
export interface MigrationReport {
  /** Versions that were applied now; empty when all were there. */
  readonly applied: readonly number[];
  readonly slotCreated: boolean;
}

const NAMES: Record<keyof MigrateOptions, true> = {
  ...setUpControlNames,
  connection: true,
  slot: true,
  publication: true,
};

const { known } = optionBounds(ConfigurationError);

/**
 * Creates the schema `tidings`, the publication and, if asked for, the slot with its
 * checkpoint. It may run twice and concurrently, and through a pooler. On an empty database
 * the order is publication, slot, table, and the table is published from its first moment:
 * no row can be older than the slot, so none escapes the stream.
 *
 * It waits for locks, and a slot for every transaction that runs, without an end: `logger`
 * hears for whom, and `signal` ends it. A slot that this run made and could not finish is
 * dropped again; other steps that were completed stay, and the next run goes on from there.
 * @throws ConfigurationError where the server cannot have a logical slot, and on a standby.
 */
export async function migrateOutbox(options: MigrateOptions): Promise<MigrationReport> {
  known('migrateOutbox', options, NAMES);
  return SetUpSession.use(options.connection, options, (session) => migrate(session, options));
}

async function migrate(
  session: SetUpSession,
  { slot, publication = 'tidings' }: MigrateOptions,
): Promise<MigrationReport> {
  const { tables } = outboxLayout;
  let before: BeforeSlot | undefined;
  try {
    for (;;) {
      await session.transaction(`publication "${publication}"`, async (client) => {
        await createPublication(client, publication);
        await publishOutbox(client, publication);
      });
      const purpose = slot === undefined ? 'the schema' : `slot "${slot}"`;
      const first = await session.transaction(purpose, async (client) => {
        // Another set-up has made the table meanwhile: publish it before the slot is made.
        if (await isUnpublished(client, publication)) return undefined;
        // First, for a transaction that has written cannot make a slot.
        if (slot !== undefined) before = (await createSlot(client, slot)) ?? before;
        const done = await applyFirst(client);
        await publishOutbox(client, publication);
        // Also for a slot that was found: an earlier run may have ended right behind its making.
        if (slot !== undefined) {
          await writeFirstCheckpoint(client, { slot, publication, tables, before });
        }
        return done;
      });
      if (first === undefined) continue;
      const slotCreated = before !== undefined;
      before = undefined;
      const applied = [...first.applied, ...(await applyEach(session, first.missing))];
      return { applied, slotCreated };
    }
  } catch (error) {
    if (slot !== undefined && before !== undefined) {
      await session.cleanUp((client) => dropUnusedSlot(client, slot));
    }
    throw error;
  }
}

async function createPublication(client: pg.ClientBase, publication: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_publication where pubname = $1', [
    publication,
  ]);
  if (rowCount === 0) {
    // Inserts alone: a table without replica identity must not lose UPDATE and DELETE.
    await client.query(
      `create publication ${pg.escapeIdentifier(publication)}
       with (publish = 'insert', publish_via_partition_root = true)`,
    );
  }
}

async function publishOutbox(client: pg.ClientBase, publication: string): Promise<void> {
  if (await isUnpublished(client, publication)) {
    await client.query(
      `alter publication ${pg.escapeIdentifier(publication)} add table tidings.outbox`,
    );
  }
}

/** Whether there is an outbox, and not in the publication. */
async function isUnpublished(client: pg.ClientBase, publication: string): Promise<boolean> {
  const { rows } = await client.query<{ unpublished: boolean }>(
    `select to_regclass('tidings.outbox') is not null and not exists (
       select from pg_publication_tables
       where pubname = $1 and schemaname = 'tidings' and tablename = 'outbox') as unpublished`,
    [publication],
  );
  return rows[0]?.unpublished === true;
}
