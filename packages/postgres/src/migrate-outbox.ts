import pg from 'pg';
import { applyMigrations, lockMigrations } from './apply-migrations.ts';
import { clientConfigOf } from './connection-config.ts';
import { createSlot } from './create-slot.ts';
import { writeFirstCheckpoint } from './first-checkpoint.ts';
import { migrations } from './migrations/index.ts';
import { outboxLayout } from './wal/outbox-layout.ts';

/** What to prepare in a database. */
export interface MigrateOptions {
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

/**
 * Creates the schema `tidings`, the publication and, if asked for, the slot with its
 * checkpoint. It may run twice and concurrently. On an empty database the order is
 * publication, slot, table, and the table is published from its first moment: no row can
 * be older than the slot, so none escapes the stream.
 * @throws ConfigurationError where the server cannot have a logical slot, and on a standby.
 */
export async function migrateOutbox(options: MigrateOptions): Promise<MigrationReport> {
  const publication = options.publication ?? 'tidings';
  const client = new pg.Client(clientConfigOf(options.connection));
  client.on('error', () => {});
  await client.connect();
  try {
    await lockMigrations(client);
    await createPublication(client, publication);
    const { slot } = options;
    const before = slot === undefined ? undefined : await createSlot(client, slot);
    const publish = (): Promise<void> => publishOutbox(client, publication);
    const applied = await applyMigrations(client, migrations, publish);
    // Where the tables were there, they are published only now.
    await publish();
    if (slot !== undefined) {
      const { tables } = outboxLayout;
      // Also for a slot that was found: an earlier run may have ended right behind its making.
      await writeFirstCheckpoint(client, { slot, publication, tables, before });
    }
    return { applied, slotCreated: before !== undefined };
  } finally {
    await client.end();
  }
}

async function createPublication(client: pg.Client, publication: string): Promise<void> {
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

async function publishOutbox(client: pg.Client, publication: string): Promise<void> {
  const { rowCount } = await client.query(
    `select from pg_publication_tables
     where pubname = $1 and schemaname = 'tidings' and tablename = 'outbox'`,
    [publication],
  );
  if (rowCount === 0) {
    await client.query(
      `alter publication ${pg.escapeIdentifier(publication)} add table tidings.outbox`,
    );
  }
}
