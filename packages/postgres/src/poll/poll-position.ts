import { type Position, positionOf } from '@tidings/relay';
import { formatPlace, isPlace, parsePlace, type ReadPlace } from '../read-place.ts';

/** How far a poller has read. */
export interface ReadProgress {
  /**
   * Of the server that it was read from. One that was promoted may give the same
   * transaction ids to others, so what was read before covers nothing there.
   */
  readonly timeline: number;
  /** What has been read was appended before: ISO 8601, by the server's clock. */
  readonly at: string;
  readonly shards: ReadonlyMap<number, ReadPlace>;
}

/** Writes progress as a position: `1 2026-06-07T02:00:00Z 0=10:20:10,14 3=9:9:`. */
export function positionOfProgress({ timeline, at, shards }: ReadProgress): Position {
  const parts = Array.from(shards, ([shard, read]) => `${shard}=${formatPlace(read)}`);
  return positionOf([timeline, at, ...parts].join(' '));
}

/** Reads what `positionOfProgress` wrote. @throws Error on anything else. */
export function parseProgress(notation: string): ReadProgress {
  const [timeline = '', at = '', ...parts] = notation.split(' ');
  const shards = parts.map((part): [number, string] => {
    const [, shard = '', place = ''] = /^(\d+)=(.*)$/.exec(part) ?? [];
    return [Number(shard), place];
  });
  if (!/^\d+$/.test(timeline) || at === '' || !shards.every(([, place]) => isPlace(place))) {
    throw new Error(`"${notation}" is not a poller's position`);
  }
  const places = shards.map(([shard, place]): [number, ReadPlace] => [shard, parsePlace(place)]);
  return { timeline: Number(timeline), at, shards: new Map(places) };
}
