import type pg from 'pg';
import { currentTimeline, readCheckpoint, type StoredCheckpoint } from '../checkpoint-store.ts';
import { findOpenIncident, type UnsettledIncident } from '../incident-store.ts';
import { type Lsn, parseLsn } from '../lsn.ts';
import type { HeartbeatView } from './heartbeats.ts';
import { fingerprintSql } from './publication-fingerprint.ts';
import { observePublication, type PublicationState } from './publication-state.ts';
import type { TableName } from './wal-layout.ts';

/** The server, as far as streaming depends on it. */
export interface ServerState {
  readonly version: number;
  readonly walLevel: string;
  readonly database: string;
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly inRecovery: boolean;
  /** End of the log that is safe on disk; undefined on a standby. */
  readonly flushed: Lsn | undefined;
  /** 0 where the server keeps idle slots for ever; PostgreSQL 18 and later. */
  readonly idleSlotTimeoutMs: number;
  /** The setting of that name: whose acknowledgements commits wait for. */
  readonly synchronousStandbyNames: string;
  readonly migrated: boolean;
}

/** The slot's row of `pg_replication_slots`; columns that a version lacks are undefined. */
export interface SlotState {
  readonly type: string;
  readonly plugin: string | null;
  readonly database: string | null;
  readonly activePid: number | null;
  readonly confirmed: Lsn | undefined;
  readonly restart: Lsn | undefined;
  readonly walStatus: string | null;
  readonly safeWalSize: bigint | undefined;
  readonly invalidationReason: string | undefined;
  readonly conflicting: boolean;
}

/** Everything that is looked at before streaming and with each heartbeat. */
export interface SlotObservation {
  readonly server: ServerState;
  readonly slot: SlotState | undefined;
  /** Other logical slots of this database, for messages. */
  readonly otherSlots: readonly string[];
  readonly publication: PublicationState | undefined;
  readonly checkpoint: StoredCheckpoint | undefined;
  /** One that nobody has settled. */
  readonly incident: UnsettledIncident | undefined;
}

/** Looks. The slot is read before its checkpoint, which moves first: never the reverse. */
export async function observeSlot(
  sql: pg.ClientBase,
  slot: string,
  publication: string,
  tables: readonly TableName[],
): Promise<SlotObservation> {
  const server = await observeServer(sql);
  const slots = await sql.query<{ name: string; row: Record<string, unknown> }>(
    `select slot_name as name, to_jsonb(s) as row from pg_replication_slots s
     where slot_name = $1 or (slot_type = 'logical' and database = current_database())
     order by slot_name`,
    [slot],
  );
  const own = slots.rows.find(({ name }) => name === slot);
  const checkpoint = server.migrated ? await readCheckpoint(sql, slot) : undefined;
  return {
    server,
    slot: own === undefined ? undefined : slotStateOf(own.row),
    otherSlots: slots.rows.map(({ name }) => name).filter((name) => name !== slot),
    publication: await observePublication(sql, publication, tables, checkpoint),
    checkpoint,
    incident: server.migrated ? await findOpenIncident(sql, slot) : undefined,
  };
}

async function observeServer(sql: pg.ClientBase): Promise<ServerState> {
  // effective_wal_level exists from PostgreSQL 19, where a slot raises it by itself.
  const { rows } = await sql.query<{
    version: number;
    wal_level: string;
    database: string;
    system_identifier: string;
    timeline: number;
    in_recovery: boolean;
    flushed: string | null;
    idle_slot_timeout_ms: string;
    synchronous_standby_names: string;
    migrated: boolean;
  }>(
    `select current_setting('server_version_num')::int as version,
            coalesce(current_setting('effective_wal_level', true), current_setting('wal_level'))
              as wal_level,
            current_database() as database,
            (select system_identifier::text from pg_control_system()),
            case when pg_is_in_recovery()
              then (select timeline_id from pg_control_checkpoint())
              else ${currentTimeline}
              end as timeline,
            pg_is_in_recovery() as in_recovery,
            case when pg_is_in_recovery() then null else pg_current_wal_flush_lsn()::text end
              as flushed,
            coalesce((select case unit when 'ms' then setting::bigint when 's' then
                        setting::bigint * 1000 else setting::bigint * 60000 end
                      from pg_settings where name = 'idle_replication_slot_timeout'), 0)::text
              as idle_slot_timeout_ms,
            current_setting('synchronous_standby_names') as synchronous_standby_names,
            to_regclass('tidings.checkpoint') is not null as migrated`,
  );
  const row = rows[0];
  if (row === undefined) throw new Error('the server answered a query for settings with no row');
  return {
    version: row.version,
    walLevel: row.wal_level,
    database: row.database,
    systemIdentifier: row.system_identifier,
    timeline: row.timeline,
    inRecovery: row.in_recovery,
    flushed: row.flushed === null ? undefined : parseLsn(row.flushed),
    idleSlotTimeoutMs: Number(row.idle_slot_timeout_ms),
    synchronousStandbyNames: row.synchronous_standby_names,
    migrated: row.migrated,
  };
}

function slotStateOf(row: Record<string, unknown>): SlotState {
  const text = (name: string): string | null => (row[name] as string | null | undefined) ?? null;
  const lsn = (name: string): Lsn | undefined => {
    const value = text(name);
    return value === null ? undefined : parseLsn(value);
  };
  const safe = row.safe_wal_size;
  return {
    type: text('slot_type') ?? '',
    plugin: text('plugin'),
    database: text('database'),
    activePid: (row.active_pid as number | null | undefined) ?? null,
    confirmed: lsn('confirmed_flush_lsn'),
    restart: lsn('restart_lsn'),
    walStatus: text('wal_status'),
    safeWalSize: safe === null || safe === undefined ? undefined : BigInt(safe as number),
    invalidationReason: text('invalidation_reason') ?? undefined,
    conflicting: row.conflicting === true,
  };
}

/**
 * Sends a heartbeat of this name through the log and tells what was visible to it, with the
 * publication as it is in the same snapshot. It needs no table and no right.
 */
export async function emitHeartbeat(
  sql: pg.ClientBase,
  prefix: string,
  name: string,
  publication: string,
  tables: readonly TableName[],
): Promise<HeartbeatView> {
  const { rows } = await sql.query<HeartbeatView>(
    `select pg_current_snapshot()::text as snapshot, to_json(now()) #>> '{}' as at,
            (select ${fingerprintSql} from pg_publication p where p.pubname = $1) as fingerprint,
            pg_logical_emit_message(true, $4, $5)::text as lsn`,
    [
      publication,
      tables.map((each) => each.schema),
      tables.map((each) => each.table),
      prefix,
      name,
    ],
  );
  const { snapshot, at, fingerprint } = rows[0] as HeartbeatView;
  return { snapshot, at, fingerprint };
}
