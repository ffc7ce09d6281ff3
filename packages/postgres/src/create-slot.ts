import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';
import { type BeforeSlot, lookBeforeSlot } from './first-checkpoint.ts';

/**
 * Creates a logical slot of pgoutput, one that follows a failover where the server can.
 * Returns what was visible before; undefined when there is a slot of that name.
 * @throws ConfigurationError where the server cannot have one.
 */
export async function createSlot(client: pg.Client, slot: string): Promise<BeforeSlot | undefined> {
  const { rowCount } = await client.query('select from pg_replication_slots where slot_name = $1', [
    slot,
  ]);
  if (rowCount !== 0) return undefined;
  const before = await lookBeforeSlot(client);
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
  return before;
}
