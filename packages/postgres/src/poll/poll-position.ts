import { type Position, positionOf } from '@tidings/relay';
import { formatSnapshot, parseSnapshot, type Snapshot } from '../snapshot.ts';

/** How far a poller has read. */
export interface ReadProgress {
  /**
   * Of the server that it was read from. One that was promoted may give the same
   * transaction ids to others, so what was read before covers nothing there.
   */
  readonly timeline: number;
  /** What has been read was appended before: ISO 8601, by the server's clock. */
  readonly at: string;
  /** By shard: every row whose transaction had ended in it has been read. */
  readonly shards: ReadonlyMap<number, Snapshot>;
}

/** Writes progress as a position: `1 2026-06-07T02:00:00Z 0=10:20:10,14 3=9:9:`. */
export function positionOfProgress({ timeline, at, shards }: ReadProgress): Position {
  const parts = Array.from(shards, ([shard, read]) => `${shard}=${formatSnapshot(read)}`);
  return positionOf([timeline, at, ...parts].join(' '));
}

/** Reads what `positionOfProgress` wrote. @throws Error on anything else. */
export function parseProgress(notation: string): ReadProgress {
  const [timeline = '', at = '', ...parts] = notation.split(' ');
  const matches = parts.map((part) => /^(\d+)=(\d+:\d+:[\d,]*)$/.exec(part));
  if (!/^\d+$/.test(timeline) || at === '' || matches.includes(null)) {
    throw new Error(`"${notation}" is not a poller's position`);
  }
  const shards = matches.map((match): [number, Snapshot] => [
    Number(match?.[1]),
    parseSnapshot(match?.[2] as string),
  ]);
  return { timeline: Number(timeline), at, shards: new Map(shards) };
}
