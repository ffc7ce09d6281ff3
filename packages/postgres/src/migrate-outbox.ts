import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';
import { clientConfigOf } from './connection-config.ts';
import { migrations } from './migrations/index.ts';

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

/** Serialises migrators; any number that nobody else uses. */
const LOCK = 7_241_950_301_117_000n;

/**
 * Creates the schema `tidings`, the publication and, if asked for, the slot. It may
 * run twice and concurrently. On an empty database the order is publication, slot,
 * table: no row can be older than the slot, so none escapes the stream.
 * @throws ConfigurationError where the server cannot have a logical slot.
 */
export async function migrateOutbox(options: MigrateOptions): Promise<MigrationReport> {
  const publication = options.publication ?? 'tidings';
  const client = new pg.Client(clientConfigOf(options.connection));
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await createPublication(client, publication);
    const slotCreated = options.slot !== undefined && (await createSlot(client, options.slot));
    const applied = await applyMigrations(client);
    await publishOutbox(client, publication);
    return { applied, slotCreated };
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

async function createSlot(client: pg.Client, slot: string): Promise<boolean> {
  const { rowCount } = await client.query('select from pg_replication_slots where slot_name = $1', [
    slot,
  ]);
  if (rowCount !== 0) return false;
  try {
    // A failover slot follows to the standby that takes over; PostgreSQL 17 and later.
    await client.query(
      `do $$ begin
         if current_setting('server_version_num')::int >= 170000 then
           perform pg_create_logical_replication_slot(
             ${pg.escapeLiteral(slot)}, 'pgoutput', false, false, true);
         else
           perform pg_create_logical_replication_slot(${pg.escapeLiteral(slot)}, 'pgoutput');
         end if;
       end $$`,
    );
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    if (code === '55000') {
      throw new ConfigurationError(
        `cannot create slot "${slot}" (${message}); run ALTER SYSTEM SET wal_level = 'logical' ` +
          'and restart the server',
      );
    }
    if (code === '53400') {
      throw new ConfigurationError(
        `cannot create slot "${slot}" (${message}); raise max_replication_slots`,
      );
    }
    throw error;
  }
  return true;
}

async function applyMigrations(client: pg.Client): Promise<readonly number[]> {
  await client.query('create schema if not exists tidings');
  await client.query(
    `create table if not exists tidings.migration (
       version integer primary key,
       applied_at timestamptz not null default now()
     )`,
  );
  const { rows } = await client.query<{ version: number }>('select version from tidings.migration');
  const known = new Set(rows.map((row) => row.version));
  const applied: number[] = [];
  for (const { version, sql } of migrations) {
    if (known.has(version)) continue;
    await client.query('begin');
    try {
      await client.query(sql);
      await client.query('insert into tidings.migration (version) values ($1)', [version]);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback');
      throw error;
    }
    applied.push(version);
  }
  return applied;
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
