import { ConfigurationError } from '@tidings/relay';
import type pg from 'pg';
import { currentTimeline } from '../checkpoint-store.ts';
import type { ReadPlace } from '../read-place.ts';
import { formatSnapshot, nothingEnded, parseSnapshot } from '../snapshot.ts';
import type { ReadProgress } from './poll-position.ts';

/** Name of a shard's row in `tidings.checkpoint`; a poller that has one shard is its own. */
export function checkpointName(poller: string, shard: number, shards: number): string {
  return shards === 1 ? poller : `${poller}#${shard}/${shards}`;
}

/** Rows of a poller, of every number of shards that it ever had. */
const rowsOfPoller = "(name = $1 or starts_with(name, $1 || '#'))";

/**
 * Refuses checkpoints that cannot be continued.
 * @throws ConfigurationError that says what to do.
 */
export async function checkPollCheckpoints(
  client: pg.ClientBase,
  poller: string,
  systemIdentifier: string,
): Promise<void> {
  const { rows } = await client.query<{ system_identifier: string; slot: boolean }>(
    `select system_identifier, acknowledged_lsn is not null as slot
     from tidings.checkpoint where ${rowsOfPoller}`,
    [poller],
  );
  if (rows.some((row) => row.slot)) {
    throw new ConfigurationError(
      `checkpoint "${poller}" belongs to a replication slot; give the poller another name`,
    );
  }
  if (rows.some((row) => row.system_identifier !== systemIdentifier)) {
    throw new ConfigurationError(
      `the checkpoint of poller "${poller}" was written by another database cluster, whose ` +
        'transaction ids mean nothing here; run `tidings outbox adopt`, which says which rows ' +
        'count as published and which are owed',
    );
  }
  // By one snapshot, no row that it sees is of a transaction that begins after it.
  const future = await client.query(
    `select from tidings.outbox
     where transaction_id >= pg_snapshot_xmax(pg_current_snapshot()) limit 1`,
  );
  if (future.rowCount !== 0) {
    throw new ConfigurationError(
      'tidings.outbox holds rows of transactions that this database cluster has not had: they were ' +
        'restored from another one; run `tidings outbox adopt`, which says which rows count as ' +
        'published and which are owed',
    );
  }
}

/**
 * Makes the rows of a poller's shards where they are missing. After a change of the
 * number of shards every new one begins where the one furthest behind stood: some events
 * go out twice then, none is left out.
 */
export async function createPollCheckpoints(
  client: pg.ClientBase,
  poller: string,
  shards: number,
  systemIdentifier: string,
): Promise<void> {
  const names = Array.from({ length: shards }, (_, shard) => checkpointName(poller, shard, shards));
  await client.query('begin');
  try {
    await client.query("select pg_advisory_xact_lock(hashtext('tidings poll'), hashtext($1))", [
      poller,
    ]);
    await client.query(
      `insert into tidings.checkpoint (name, system_identifier, timeline, bookmark, bookmark_at,
         reading_to, reading_after)
       select new.name, $3, ${currentTimeline}, behind.bookmark, behind.bookmark_at,
              behind.reading_to, behind.reading_after
       from unnest($2::text[]) as new (name)
       left join lateral (
         select bookmark, bookmark_at, reading_to, reading_after
         from tidings.checkpoint where ${rowsOfPoller}
         order by pg_snapshot_xmax(bookmark) nulls first, pg_snapshot_xmin(bookmark),
                  reading_after nulls first limit 1
       ) as behind on true
       on conflict (name) do nothing`,
      [poller, names, systemIdentifier],
    );
    await client.query(
      `delete from tidings.checkpoint where ${rowsOfPoller} and name <> all($2::text[])`,
      [poller, names],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/**
 * Reads where shards stand. What is stored holds in the server's own history: it was
 * written after the transactions that it names had ended, in the same log.
 */
export async function readProgress(
  client: pg.ClientBase,
  poller: string,
  shards: readonly number[],
  shardCount: number,
): Promise<ReadonlyMap<number, ReadPlace>> {
  const { rows } = await client.query<{
    shard: number;
    bookmark: string | null;
    reading_to: string | null;
    reading_after: string | null;
  }>(
    `select shard, bookmark::text, reading_to::text, reading_after::text
     from unnest($1::text[], $2::integer[]) as held (name, shard)
     join tidings.checkpoint using (name)`,
    [shards.map((shard) => checkpointName(poller, shard, shardCount)), shards],
  );
  if (rows.length !== shards.length) throw new ConfigurationError(goneSentence(poller));
  return new Map(
    rows.map(({ shard, bookmark, reading_to: to, reading_after: after }) => [
      shard,
      {
        readTo: bookmark === null ? nothingEnded : parseSnapshot(bookmark),
        within: to === null || after === null ? undefined : { to: parseSnapshot(to), after },
      },
    ]),
  );
}

/**
 * Moves the bookmarks of shards forward, not back. What was read before the server was
 * promoted is left out: it is read again.
 */
export async function storeProgress(
  client: pg.ClientBase,
  poller: string,
  shardCount: number,
  { timeline, at, shards }: ReadProgress,
): Promise<void> {
  const names = Array.from(shards.keys(), (shard) => checkpointName(poller, shard, shardCount));
  const places = [...shards.values()];
  const { rows } = await client.query<{ known: number }>(
    `with given as (
       select name, snapshot::pg_snapshot, reading_to::pg_snapshot, reading_after
       from unnest($1::text[], $2::text[], $5::text[], $6::bigint[])
         as given (name, snapshot, reading_to, reading_after)
       where ${currentTimeline} = $3
     ), moved as (
       update tidings.checkpoint as stored
       set bookmark = snapshot, bookmark_lsn = pg_current_wal_insert_lsn(),
           bookmark_at = case when given.reading_to is null then $4 else bookmark_at end,
           reading_to = given.reading_to, reading_after = given.reading_after,
           timeline = $3, updated_at = now()
       from given
       where stored.name = given.name
         and (bookmark is null
              or (pg_snapshot_xmax(bookmark), pg_snapshot_xmin(bookmark))
                 <= (pg_snapshot_xmax(snapshot), pg_snapshot_xmin(snapshot)))
         and (bookmark::text is distinct from snapshot::text
              or coalesce(stored.reading_after, -1) <= coalesce(given.reading_after, -1))
     )
     select count(*)::integer as known from tidings.checkpoint where name = any($1)`,
    [
      names,
      places.map(({ readTo }) => formatSnapshot(readTo)),
      timeline,
      at,
      places.map(({ within }) => (within === undefined ? null : formatSnapshot(within.to))),
      places.map(({ within }) => within?.after ?? null),
    ],
  );
  if (rows[0]?.known !== names.length) throw new ConfigurationError(goneSentence(poller));
}

function goneSentence(poller: string): string {
  return (
    `a checkpoint of poller "${poller}" is gone: it was deleted, or another poller of that name ` +
    'has another number of shards; start all of them with the same number'
  );
}
