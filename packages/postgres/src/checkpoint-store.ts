import { ConfigurationError } from '@tidings/relay';
import type pg from 'pg';
import { formatLsn, type Lsn, parseLsn } from './lsn.ts';
import type { WithinWindow } from './read-place.ts';
import { formatSnapshot, parseSnapshot } from './snapshot.ts';
import type { RecoveryPosition } from './wal/recovery-position.ts';

/** All transactions visible in `snapshot` have been published. */
export interface Bookmark {
  /** `pg_current_snapshot()` as text: `xmin:xmax:xip,...`. */
  readonly snapshot: string;
  /** Where the heartbeat that carried it ends in the log. */
  readonly lsn: Lsn;
  /** When it was taken, by the server's clock: ISO 8601. */
  readonly at: string;
}

/** What a relay knows of its slot, kept in the slot's own database. */
export interface StoredCheckpoint {
  /** Of the cluster that wrote it; a restored copy has another history. */
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** Everything that ends at or before it has been settled. */
  readonly acknowledged: Lsn;
  /** Undefined until the first heartbeat has come back. */
  readonly bookmark: Bookmark | undefined;
  /** How far beyond the bookmark a recovery has published, if one has begun. */
  readonly within: WithinWindow | undefined;
  /** The publication that was streamed: see `keepFingerprint`. Undefined: none was noted yet. */
  readonly fingerprint: string | undefined;
}

interface CheckpointRow {
  readonly system_identifier: string;
  readonly timeline: number;
  /** Null in a poller's. */
  readonly acknowledged_lsn: string | null;
  readonly bookmark: string | null;
  readonly bookmark_lsn: string | null;
  readonly bookmark_at: string | null;
  readonly reading_to: string | null;
  readonly reading_after: string | null;
  readonly publication_fingerprint: string | null;
}

/**
 * The timeline that a primary writes; its control file learns of a promotion later. The
 * name of a WAL file begins with it, whichever position the file is asked for.
 */
export const currentTimeline =
  "('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int";

/** Reads a slot's checkpoint; undefined for a slot that was made by hand and never streamed. */
export async function readCheckpoint(
  sql: pg.ClientBase,
  slot: string,
): Promise<StoredCheckpoint | undefined> {
  const { rows } = await sql.query<CheckpointRow>(
    `select system_identifier, timeline, acknowledged_lsn::text, bookmark::text,
            bookmark_lsn::text, to_json(bookmark_at) #>> '{}' as bookmark_at,
            reading_to::text, reading_after::text, publication_fingerprint
     from tidings.checkpoint where name = $1`,
    [slot],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  if (row.acknowledged_lsn === null) {
    throw new ConfigurationError(
      `checkpoint "${slot}" belongs to a poller; give the slot another name`,
    );
  }
  return {
    systemIdentifier: row.system_identifier,
    timeline: row.timeline,
    acknowledged: parseLsn(row.acknowledged_lsn),
    bookmark:
      row.bookmark === null || row.bookmark_lsn === null || row.bookmark_at === null
        ? undefined
        : { snapshot: row.bookmark, lsn: parseLsn(row.bookmark_lsn), at: row.bookmark_at },
    within:
      row.reading_to === null || row.reading_after === null
        ? undefined
        : { to: parseSnapshot(row.reading_to), after: row.reading_after },
    fingerprint: row.publication_fingerprint ?? undefined,
  };
}

/** Writes a slot's checkpoint whole: where it has none yet, and when it has been healed. */
export async function writeCheckpoint(
  sql: pg.ClientBase,
  slot: string,
  checkpoint: Omit<StoredCheckpoint, 'within'>,
): Promise<void> {
  const { bookmark } = checkpoint;
  await sql.query(
    `insert into tidings.checkpoint (name, system_identifier, timeline, acknowledged_lsn,
       bookmark, bookmark_lsn, bookmark_at, publication_fingerprint)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (name) do update set
       system_identifier = excluded.system_identifier, timeline = excluded.timeline,
       acknowledged_lsn = excluded.acknowledged_lsn, bookmark = excluded.bookmark,
       bookmark_lsn = excluded.bookmark_lsn, bookmark_at = excluded.bookmark_at,
       reading_to = null, reading_after = null,
       publication_fingerprint = excluded.publication_fingerprint, updated_at = now()`,
    [
      slot,
      checkpoint.systemIdentifier,
      checkpoint.timeline,
      formatLsn(checkpoint.acknowledged),
      bookmark?.snapshot ?? null,
      bookmark === undefined ? null : formatLsn(bookmark.lsn),
      bookmark?.at ?? null,
      checkpoint.fingerprint ?? null,
    ],
  );
}

/** Notes the publication that is streamed, unless another relay has noted one meanwhile. */
export async function noteFingerprint(
  sql: pg.ClientBase,
  slot: string,
  before: string | undefined,
  now: string | undefined,
): Promise<void> {
  await sql.query(
    `update tidings.checkpoint set publication_fingerprint = $3
     where name = $1 and publication_fingerprint is not distinct from $2`,
    [slot, before ?? null, now ?? null],
  );
}

/**
 * Makes the checkpoint that a recovery remembers its progress in, unless it is there, and
 * notes the publication that the new slot will stream through. It stands before the new
 * slot, so whoever finds the two begins the recovery again, behind what was remembered.
 */
export async function noteRecovery(
  sql: pg.ClientBase,
  slot: string,
  checkpoint: Omit<StoredCheckpoint, 'within' | 'bookmark'>,
): Promise<void> {
  const { systemIdentifier, timeline, acknowledged, fingerprint } = checkpoint;
  await sql.query(
    `insert into tidings.checkpoint (name, system_identifier, timeline, acknowledged_lsn,
       publication_fingerprint)
     values ($1, $2, $3, $4, $5)
     on conflict (name) do update set publication_fingerprint = excluded.publication_fingerprint`,
    [slot, systemIdentifier, timeline, formatLsn(acknowledged), fingerprint ?? null],
  );
}

/** Remembers how far a recovery has published; a window that ended becomes the bookmark. */
export async function storeRecoveryPlace(
  sql: pg.ClientBase,
  slot: string,
  { timeline, place, at, incident, rows }: RecoveryPosition,
): Promise<void> {
  const { readTo, within } = place;
  await sql.query(
    `with moved as (
       update tidings.checkpoint
       set bookmark = case when $3::pg_snapshot is null then $2::pg_snapshot else bookmark end,
           bookmark_lsn = coalesce(bookmark_lsn, acknowledged_lsn),
           bookmark_at = case when $3::pg_snapshot is null then $5 else bookmark_at end,
           reading_to = $3, reading_after = $4, updated_at = now(),
           -- The window that has ended held the rows that were owed beside it.
           publication_fingerprint = case when $3::pg_snapshot is null
             then (publication_fingerprint::jsonb - 'owed')::text else publication_fingerprint end
       where name = $1 and ${currentTimeline} = $6
       returning name
     )
     update tidings.incident set republished = $8
     from moved where id = $7 and closed_at is null`,
    [
      slot,
      formatSnapshot(readTo),
      within === undefined ? null : formatSnapshot(within.to),
      within?.after ?? null,
      at,
      timeline,
      incident,
      rows,
    ],
  );
}

/**
 * Moves a checkpoint forward, with the bookmark that has become valid by it, if any. It
 * must be durable before the server is told: so the slot never stands ahead of it, and
 * a slot that does was moved by somebody else. A server that took over is on another
 * timeline: positions and snapshots of its predecessor would cover what it never had.
 */
export async function advanceCheckpoint(
  sql: pg.ClientBase,
  slot: string,
  acknowledged: Lsn,
  bookmark: Bookmark | undefined,
  timeline: number,
): Promise<void> {
  const { rowCount } = await sql.query(
    `update tidings.checkpoint
     set acknowledged_lsn = $2,
         bookmark = coalesce($3, bookmark),
         bookmark_lsn = coalesce($4, bookmark_lsn),
         bookmark_at = coalesce($5, bookmark_at),
         updated_at = now()
     where name = $1 and acknowledged_lsn <= $2 and $6 = ${currentTimeline}`,
    [
      slot,
      formatLsn(acknowledged),
      bookmark?.snapshot ?? null,
      bookmark === undefined ? null : formatLsn(bookmark.lsn),
      bookmark?.at ?? null,
      timeline,
    ],
  );
  if (rowCount !== 1) {
    throw new Error(
      `the checkpoint of slot "${slot}" is gone or ahead of ${formatLsn(acknowledged)}, or another ` +
        'server has taken over: it is looked at again; if it stays so, another relay uses the ' +
        'same slot',
    );
  }
}
