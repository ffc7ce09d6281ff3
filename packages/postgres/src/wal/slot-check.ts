import { ConfigurationError } from '@tidings/relay';
import type pg from 'pg';
import { createCheckpoint, readCheckpoint } from '../checkpoint-store.ts';
import { formatLsn, type Lsn, parseLsn } from '../lsn.ts';

/** What streaming needs to know of a slot that is fit for it. */
export interface SlotReadiness {
  /** Where a restart begins. */
  readonly acknowledged: Lsn;
  readonly walSenderTimeoutMs: number;
  readonly serverVersion: number;
}

interface ServerRow {
  readonly version: number;
  readonly wal_level: string;
  readonly wal_sender_timeout: number;
  readonly database: string;
  readonly outbox: string | null;
  readonly checkpoint: string | null;
}

interface SlotRow {
  readonly slot_type: string;
  readonly plugin: string | null;
  readonly database: string | null;
  readonly wal_status: string | null;
  readonly confirmed_flush_lsn: string | null;
}

/**
 * Checks server, tables, publication, slot and checkpoint, in the order in which a
 * person would set them up, and writes the slot's first checkpoint.
 * @throws ConfigurationError for the first thing that is not as it must be.
 */
export async function checkSlot(
  sql: pg.ClientBase,
  slot: string,
  publication: string,
): Promise<SlotReadiness> {
  const server = await readServer(sql);
  if (server.version < 140000) {
    throw new ConfigurationError(
      `PostgreSQL ${Math.floor(server.version / 10000)} is too old for the relay; use 14 or later`,
    );
  }
  if (server.wal_level !== 'logical') {
    throw new ConfigurationError(
      `the server's wal_level is "${server.wal_level}"; run ALTER SYSTEM SET wal_level = 'logical' ` +
        'and restart the server (on RDS set rds.logical_replication to 1)',
    );
  }
  if (server.outbox === null || server.checkpoint === null) {
    throw new ConfigurationError(
      `database "${server.database}" has no tidings.outbox; run \`tidings outbox migrate\` first`,
    );
  }
  await checkPublication(sql, publication, server.database);
  const confirmed = await checkSlotRow(sql, slot, server.database);
  return {
    acknowledged: await reconcile(sql, slot, confirmed),
    walSenderTimeoutMs: server.wal_sender_timeout,
    serverVersion: server.version,
  };
}

async function readServer(sql: pg.ClientBase): Promise<ServerRow> {
  // effective_wal_level exists from PostgreSQL 19, where a slot raises it by itself.
  const { rows } = await sql.query<ServerRow>(
    `select current_setting('server_version_num')::int as version,
            coalesce(current_setting('effective_wal_level', true), current_setting('wal_level'))
              as wal_level,
            (select setting::int from pg_settings where name = 'wal_sender_timeout')
              as wal_sender_timeout,
            current_database() as database,
            to_regclass('tidings.outbox')::text as outbox,
            to_regclass('tidings.checkpoint')::text as checkpoint`,
  );
  return rows[0] as ServerRow;
}

async function checkPublication(
  sql: pg.ClientBase,
  publication: string,
  database: string,
): Promise<void> {
  const { rows } = await sql.query<{ inserts: boolean; outbox: boolean }>(
    `select pubinsert as inserts,
            exists (select from pg_publication_tables t
                    where t.pubname = p.pubname
                      and t.schemaname = 'tidings' and t.tablename = 'outbox') as outbox
     from pg_publication p where pubname = $1`,
    [publication],
  );
  const found = rows[0];
  if (found === undefined) {
    throw new ConfigurationError(
      `publication "${publication}" does not exist in database "${database}"; ` +
        'run `tidings outbox migrate` first',
    );
  }
  if (!found.inserts || !found.outbox) {
    throw new ConfigurationError(
      `publication "${publication}" does not publish inserts into tidings.outbox; run ` +
        `ALTER PUBLICATION "${publication}" ` +
        (found.outbox ? `SET (publish = 'insert')` : 'ADD TABLE tidings.outbox'),
    );
  }
}

async function checkSlotRow(sql: pg.ClientBase, slot: string, database: string): Promise<Lsn> {
  const { rows } = await sql.query<SlotRow>(
    `select slot_type, plugin, database, wal_status, confirmed_flush_lsn
     from pg_replication_slots where slot_name = $1`,
    [slot],
  );
  const found = rows[0];
  if (found === undefined) throw new ConfigurationError(await missingSlot(sql, slot, database));
  if (found.slot_type !== 'logical' || found.plugin !== 'pgoutput') {
    throw new ConfigurationError(
      `slot "${slot}" is ${found.slot_type} with plugin ${found.plugin ?? 'none'}; ` +
        'name a logical slot of plugin pgoutput',
    );
  }
  if (found.database !== database) {
    throw new ConfigurationError(
      `slot "${slot}" belongs to database "${found.database}", the connection is to ` +
        `"${database}"; correct one of the two`,
    );
  }
  if (found.wal_status === 'lost' || found.confirmed_flush_lsn === null) {
    throw new ConfigurationError(
      `slot "${slot}" is lost: the server removed WAL that was not published yet ` +
        '(max_slot_wal_keep_size, or idle_replication_slot_timeout)',
    );
  }
  return parseLsn(found.confirmed_flush_lsn);
}

async function missingSlot(sql: pg.ClientBase, slot: string, database: string): Promise<string> {
  const checkpoint = await readCheckpoint(sql, slot);
  if (checkpoint !== undefined) {
    return (
      `slot "${slot}" has been dropped: events after ${formatLsn(checkpoint.acknowledged)} are in ` +
      'tidings.outbox but no longer in its stream'
    );
  }
  const { rows } = await sql.query<{ slot_name: string }>(
    `select slot_name from pg_replication_slots
     where slot_type = 'logical' and database = current_database() order by slot_name`,
  );
  const others =
    rows.length === 0
      ? 'it has no logical slot'
      : `it has ${rows.map((row) => `"${row.slot_name}"`).join(', ')}`;
  return (
    `slot "${slot}" does not exist in database "${database}" (${others}); correct the name, ` +
    `or create it with \`tidings outbox migrate --slot ${slot}\``
  );
}

/** Compares the slot with the checkpoint that was written ahead of it. */
async function reconcile(sql: pg.ClientBase, slot: string, confirmed: Lsn): Promise<Lsn> {
  const { rows } = await sql.query<{ system_identifier: string }>(
    'select system_identifier::text from pg_control_system()',
  );
  const systemIdentifier = rows[0]?.system_identifier as string;
  const checkpoint = await readCheckpoint(sql, slot);
  if (checkpoint === undefined) {
    await createCheckpoint(sql, slot, { systemIdentifier, acknowledged: confirmed });
    return confirmed;
  }
  if (checkpoint.systemIdentifier !== systemIdentifier) {
    throw new ConfigurationError(
      `the checkpoint of slot "${slot}" was written by another database cluster, so its position ` +
        'means nothing here; publish what this cluster owes, then delete the row from ' +
        'tidings.checkpoint',
    );
  }
  if (confirmed > checkpoint.acknowledged) {
    throw new ConfigurationError(
      `slot "${slot}" stands at ${formatLsn(confirmed)}, ahead of its checkpoint ` +
        `${formatLsn(checkpoint.acknowledged)}: it was created again or advanced by somebody ` +
        'else, and events between the two may not have been published',
    );
  }
  return checkpoint.acknowledged;
}
