import { type Position, positionOf } from '@tidings/relay';
import type { ShardProgress } from './shard-lineage.ts';

/**
 * Where the source stands in all of its shards. Groups of all shards go through one queue,
 * so that one position says it for each of them, and a checkpoint moves over a group only
 * when everything that was read before it, of whatever shard, is settled.
 */
export interface ShardPosition {
  /** The lease under which this was read. */
  readonly term: number;
  readonly progress: ReadonlyMap<string, ShardProgress>;
}

export function formatPosition({ term, progress }: ShardPosition): Position {
  return positionOf(JSON.stringify([term, Object.fromEntries(progress)]));
}

export function parsePosition(notation: string): ShardPosition {
  const [term, progress] = JSON.parse(notation) as [number, Record<string, ShardProgress>];
  return { term, progress: new Map(Object.entries(progress)) };
}
