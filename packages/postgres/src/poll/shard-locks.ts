import type pg from 'pg';

/** Locks on the shards of one poller's name, held by one session. */
export interface ShardLocks {
  /** Shards that this session holds. */
  readonly held: ReadonlySet<number>;
  /**
   * Looks at who is there, and takes free shards up to this session's share. Returns
   * what was taken, and how many it holds beyond its share.
   */
  balance(): Promise<{ readonly taken: readonly number[]; readonly surplus: number }>;
  release(shards: readonly number[]): Promise<void>;
}

/**
 * Joins the pollers of a name. Each session holds a shared lock as long as it lives, so
 * the server knows who is there, and an exclusive one for each shard that it reads. All
 * end with the session: the shards of a poller that died are free at once.
 */
export async function joinShards(
  client: pg.ClientBase,
  name: string,
  shards: number,
): Promise<ShardLocks> {
  const space = (
    await client.query<{ space: number }>("select hashtext('tidings shards ' || $1) as space", [
      name,
    ])
  ).rows[0]?.space as number;
  await client.query('select pg_advisory_lock_shared($1, -1)', [space]);
  const held = new Set<number>();

  return {
    held,
    async balance() {
      const share = await shareOf(client, space, shards);
      const taken: number[] = [];
      for (let shard = 0; shard < shards && held.size < share; shard++) {
        if (held.has(shard) || !(await tryLock(client, space, shard))) continue;
        held.add(shard);
        taken.push(shard);
      }
      return { taken, surplus: Math.max(0, held.size - share) };
    },
    async release(released) {
      for (const shard of released) {
        held.delete(shard);
        await client.query('select pg_advisory_unlock($1, $2)', [space, shard]);
      }
    },
  };
}

/** Even parts; what is left over goes to those who joined with the lowest process ids. */
async function shareOf(client: pg.ClientBase, space: number, shards: number): Promise<number> {
  const { rows } = await client.query<{ members: number; rank: number }>(
    `select count(*)::integer as members,
            (count(*) filter (where pid < pg_backend_pid()))::integer as rank
     from pg_locks
     where locktype = 'advisory' and granted and mode = 'ShareLock'
       and database = (select oid from pg_database where datname = current_database())
       and classid = $1::integer::oid and objid = (-1)::integer::oid and objsubid = 2`,
    [space],
  );
  const { members = 1, rank = 0 } = rows[0] ?? {};
  return Math.floor(shards / members) + (rank < shards % members ? 1 : 0);
}

async function tryLock(client: pg.ClientBase, space: number, shard: number): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    'select pg_try_advisory_lock($1, $2) as locked',
    [space, shard],
  );
  return rows[0]?.locked === true;
}
