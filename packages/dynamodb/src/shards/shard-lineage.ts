/** A shard as DescribeStream lists it. */
export interface ListedShard {
  readonly id: string;
  /** The shard that it was split from; the list may no longer have that one. */
  readonly parent: string | undefined;
}

/**
 * How far a shard has been read or settled: a sequence number, or
 * - `start`: nothing of it, from its oldest record on;
 * - `end`: all of it, and it was closed.
 */
export type ShardProgress = string;

export const atStart: ShardProgress = 'start';
export const atEnd: ShardProgress = 'end';

/** What became unreadable before it was read. */
export interface ShardLoss {
  readonly shard: string;
  /** Where reading would have had to go on. */
  readonly after: ShardProgress;
}

/**
 * The shards that may be begun: those that are not at their end and whose parent is, so that
 * the changes of an item stay in order across a split. A parent that is no longer listed is
 * trimmed; whether it was read is `lostShards`' question.
 */
export function readyShards(
  listed: readonly ListedShard[],
  progress: ReadonlyMap<string, ShardProgress>,
): readonly ListedShard[] {
  const ids = new Set(listed.map(({ id }) => id));
  return listed.filter(({ id, parent }) => {
    if (progress.get(id) === atEnd) return false;
    return parent === undefined || !ids.has(parent) || progress.get(parent) === atEnd;
  });
}

/**
 * What was trimmed before it was read, as far as the list tells: shards that are gone and
 * were not at their end, and shards that nobody knew of between one that was read and one
 * that is listed. Nothing is lost to a consumer that begins only now.
 */
export function lostShards(
  listed: readonly ListedShard[],
  stored: ReadonlyMap<string, ShardProgress>,
): readonly ShardLoss[] {
  if (stored.size === 0) return [];
  const ids = new Set(listed.map(({ id }) => id));
  const losses: ShardLoss[] = [];
  for (const [shard, after] of stored) {
    if (after !== atEnd && !ids.has(shard)) losses.push({ shard, after });
  }
  for (const { id, parent } of listed) {
    if (stored.has(id) || parent === undefined) continue;
    if (!ids.has(parent) && !stored.has(parent)) losses.push({ shard: parent, after: atStart });
  }
  return losses;
}

/**
 * Shards whose progress nobody needs any more: they are trimmed and were read to their end,
 * and no listed shard descends from them directly.
 */
export function forgettableShards(
  listed: readonly ListedShard[],
  stored: ReadonlyMap<string, ShardProgress>,
): readonly string[] {
  const needed = new Set(
    listed.flatMap(({ id, parent }) => (parent === undefined ? [id] : [id, parent])),
  );
  return [...stored].filter(([id, at]) => at === atEnd && !needed.has(id)).map(([id]) => id);
}
