import { type Position, positionOf } from '@tidings/relay';
import { formatSnapshot, nothingEnded, parseSnapshot, type Snapshot } from '../snapshot.ts';

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

/** Where a shard's reading stands. */
export interface ReadPlace {
  /** Every row whose transaction had ended in it has been read. */
  readonly readTo: Snapshot;
  /** Undefined between two windows. */
  readonly within: WithinWindow | undefined;
}

/** A window that is read in part: from `readTo` up to `to`, all ids up to `after`. */
export interface WithinWindow {
  readonly to: Snapshot;
  readonly after: string;
}

/** Before every row. */
export const nothingRead: ReadPlace = { readTo: nothingEnded, within: undefined };

/** Writes a place: `10:20:10,14`, within a window `10:20:10,14>30:30:@4711`. */
export function formatPlace({ readTo, within }: ReadPlace): string {
  const place = formatSnapshot(readTo);
  return within === undefined ? place : `${place}>${formatSnapshot(within.to)}@${within.after}`;
}

/** The one of two places that is further on. */
export function furtherPlace(a: ReadPlace, b: ReadPlace): ReadPlace {
  if (formatSnapshot(a.readTo) !== formatSnapshot(b.readTo)) {
    return a.readTo.xmax > b.readTo.xmax ? a : b;
  }
  if (a.within === undefined || b.within === undefined) return a.within === undefined ? b : a;
  return BigInt(a.within.after) > BigInt(b.within.after) ? a : b;
}

/** Writes progress as a position: `1 2026-06-07T02:00:00Z 0=10:20:10,14 3=9:9:`. */
export function positionOfProgress({ timeline, at, shards }: ReadProgress): Position {
  const parts = Array.from(shards, ([shard, read]) => `${shard}=${formatPlace(read)}`);
  return positionOf([timeline, at, ...parts].join(' '));
}

/** Reads what `positionOfProgress` wrote. @throws Error on anything else. */
export function parseProgress(notation: string): ReadProgress {
  const [timeline = '', at = '', ...parts] = notation.split(' ');
  const matches = parts.map((part) =>
    /^(\d+)=(\d+:\d+:[\d,]*)(?:>(\d+:\d+:[\d,]*)@(\d+))?$/.exec(part),
  );
  if (!/^\d+$/.test(timeline) || at === '' || matches.includes(null)) {
    throw new Error(`"${notation}" is not a poller's position`);
  }
  const shards = matches.map((match): [number, ReadPlace] => {
    const [, shard = '', readTo = '', to, after] = match ?? [];
    const within =
      to === undefined || after === undefined ? undefined : { to: parseSnapshot(to), after };
    return [Number(shard), { readTo: parseSnapshot(readTo), within }];
  });
  return { timeline: Number(timeline), at, shards: new Map(shards) };
}
