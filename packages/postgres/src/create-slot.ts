import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';
import { type BeforeSlot, lookBeforeSlot } from './first-checkpoint.ts';

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
  // What it waits for is the end of others; nobody waits behind it.
  const { rows } = await client.query<{ lock_timeout: string }>('show lock_timeout');
  await client.query('set local lock_timeout = 0');
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
  await client.query("select set_config('lock_timeout', $1, true)", [rows[0]?.lock_timeout]);
  return before;
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
