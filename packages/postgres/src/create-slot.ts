import { ConfigurationError } from '@tidings/relay';
import type pg from 'pg';
import { type BeforeSlot, lookBeforeSlot } from './first-checkpoint.ts';

interface ServerSettings {
  readonly version: number;
  readonly wal_level: string;
  readonly max_replication_slots: number;
  readonly lock_timeout: string;
}

/**
 * Creates a logical slot of pgoutput, one that follows a failover where the server can, in a
 * transaction that has not written yet. It waits for every transaction that runs. Returns
 * what was visible before; undefined when there is a slot of that name. Rolling back does
 * not take the slot away.
 * @throws ConfigurationError where the server cannot have one.
 */
export async function createSlot(
  client: pg.ClientBase,
  slot: string,
): Promise<BeforeSlot | undefined> {
  const { rowCount } = await client.query('select from pg_replication_slots where slot_name = $1', [
    slot,
  ]);
  if (rowCount !== 0) return undefined;
  const before = await lookBeforeSlot(client);
  const { rows } = await client.query<ServerSettings>(
    `select current_setting('server_version_num')::integer as version,
            current_setting('wal_level') as wal_level,
            current_setting('max_replication_slots')::integer as max_replication_slots,
            current_setting('lock_timeout') as lock_timeout`,
  );
  const { version, lock_timeout, ...settings } = rows[0] as ServerSettings;
  refuseSettings(slot, settings);
  // A failover slot follows to the standby that takes over; PostgreSQL 17 and later.
  const failover = version >= 170000 ? ', false, false, true' : '';
  // What it waits for is the end of others; nobody waits behind it.
  await client.query('set local lock_timeout = 0');
  try {
    // By itself: inside PL/pgSQL the server may lose track of the function's snapshot.
    await client.query(`select pg_create_logical_replication_slot($1, 'pgoutput'${failover})`, [
      slot,
    ]);
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    if (code === '42501') {
      throw new ConfigurationError(
        `cannot create slot "${slot}" (${message}); run ALTER ROLE ... REPLICATION for the role ` +
          'that migrates (on Amazon RDS and Aurora: GRANT rds_replication TO it)',
      );
    }
    if (code === '53400') {
      throw new ConfigurationError(
        `cannot create slot "${slot}" (${message}); raise max_replication_slots`,
      );
    }
    throw error;
  }
  await client.query("select set_config('lock_timeout', $1, true)", [lock_timeout]);
  return before;
}

/** Settings that take a restart: all of them at once. */
function refuseSettings(
  slot: string,
  { wal_level, max_replication_slots }: Omit<ServerSettings, 'version' | 'lock_timeout'>,
): void {
  const found: string[] = [];
  const statements: string[] = [];
  if (wal_level !== 'logical') {
    found.push(`wal_level is ${wal_level}`);
    statements.push("ALTER SYSTEM SET wal_level = 'logical'");
  }
  if (max_replication_slots === 0) {
    found.push('max_replication_slots is 0');
    statements.push('ALTER SYSTEM SET max_replication_slots = 10');
  }
  if (found.length === 0) return;
  throw new ConfigurationError(
    `cannot create slot "${slot}": ${found.join(', ')}; run ${statements.join('; ')}, and restart ` +
      'the server',
  );
}

/** Drops a slot that nobody streams and that no checkpoint is for. */
export async function dropUnusedSlot(client: pg.ClientBase, slot: string): Promise<void> {
  const { rows } = await client.query<{ remembers: boolean }>(
    "select to_regclass('tidings.checkpoint') is not null as remembers",
  );
  const known = 'and not exists (select from tidings.checkpoint where name = slot_name)';
  await client.query(
    `select pg_drop_replication_slot(slot_name) from pg_replication_slots
     where slot_name = $1 and not active ${rows[0]?.remembers === true ? known : ''}`,
    [slot],
  );
}
