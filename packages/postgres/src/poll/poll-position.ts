import { type Position, positionOf } from '@tidings/relay';

/** How far a poller has read: of each shard, every transaction below its horizon. */
export interface ReadHorizons {
  /**
   * Of the server that it was read from. A server that was promoted may give the same
   * transaction ids to others, so a horizon of before covers nothing there.
   */
  readonly timeline: number;
  /** What is below the horizons was appended before: ISO 8601, the server's clock. */
  readonly at: string;
  /** Transaction id by shard. */
  readonly horizons: ReadonlyMap<number, bigint>;
}

/** Writes horizons as a position: `1 2026-06-07T02:00:00Z 0=1234 3=1200`. */
export function positionOfHorizons({ timeline, at, horizons }: ReadHorizons): Position {
  const parts = Array.from(horizons, ([shard, horizon]) => `${shard}=${horizon}`);
  return positionOf([timeline, at, ...parts].join(' '));
}

/** Reads what `positionOfHorizons` wrote. @throws Error on anything else. */
export function parseHorizons(notation: string): ReadHorizons {
  const [timeline = '', at = '', ...parts] = notation.split(' ');
  const horizons = new Map<number, bigint>();
  for (const part of parts) {
    const match = /^(\d+)=(\d+)$/.exec(part);
    if (match === null) throw new Error(`"${notation}" is not a poller's position`);
    horizons.set(Number(match[1]), BigInt(match[2] as string));
  }
  if (!/^\d+$/.test(timeline) || at === '') {
    throw new Error(`"${notation}" is not a poller's position`);
  }
  return { timeline: Number(timeline), at, horizons };
}
