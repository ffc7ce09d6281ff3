import type pg from 'pg';
import { type Bookmark, currentTimeline } from './checkpoint-store.ts';
import { fingerprintSql } from './wal/publication-fingerprint.ts';
import type { TableName } from './wal/wal-layout.ts';

/** What could be seen before a slot was made: the slot streams none of it. */
export type BeforeSlot = Pick<Bookmark, 'snapshot' | 'at'>;

/** The slot that a first checkpoint is for, and what it streams. */
export interface FirstCheckpoint {
  readonly slot: string;
  readonly publication: string;
  readonly tables: readonly TableName[];
  /** Undefined where the slot was found: a repair would read the whole table then. */
  readonly before: BeforeSlot | undefined;
}

/** Looks at what is visible now. */
export async function lookBeforeSlot(client: pg.ClientBase): Promise<BeforeSlot> {
  const { rows } = await client.query<BeforeSlot>(
    "select pg_current_snapshot()::text as snapshot, to_json(now()) #>> '{}' as at",
  );
  return rows[0] as BeforeSlot;
}

/**
 * Writes where a slot begins, unless its checkpoint is there. A slot that is lost before any
 * relay streamed it is a loss by this; without a checkpoint it would look as if it had never
 * been made, and whoever made it again would never hear of what was missed. A slot that
 * somebody streams without a checkpoint is not a relay's, and is left alone.
 */
export async function writeFirstCheckpoint(
  client: pg.ClientBase,
  { slot, publication, tables, before }: FirstCheckpoint,
): Promise<void> {
  await client.query(
    `insert into tidings.checkpoint (name, system_identifier, timeline, acknowledged_lsn,
       bookmark, bookmark_lsn, bookmark_at, publication_fingerprint)
     select s.slot_name, (select system_identifier::text from pg_control_system()),
            ${currentTimeline}, s.confirmed_flush_lsn, $5::pg_snapshot,
            case when $5::pg_snapshot is not null then s.confirmed_flush_lsn end, $6::timestamptz,
            (select ${fingerprintSql} from pg_publication p where p.pubname = $1)
     from pg_replication_slots s
     where s.slot_name = $4 and s.plugin = 'pgoutput' and s.database = current_database()
       and s.confirmed_flush_lsn is not null and not s.active
     on conflict (name) do nothing`,
    [
      publication,
      tables.map(({ schema }) => schema),
      tables.map(({ table }) => table),
      slot,
      before?.snapshot ?? null,
      before?.at ?? null,
    ],
  );
}
