/**
 * A `pg_snapshot`: which transactions had ended at a moment. Ids below `xmax` had, but
 * for those in `running`; all others had not.
 */
export interface Snapshot {
  readonly xmax: bigint;
  /** In ascending order, each below `xmax`. */
  readonly running: readonly bigint[];
}

/** Before every transaction. */
export const nothingEnded: Snapshot = { xmax: 1n, running: [] };

/**
 * Reads Postgres' notation `10:20:10,14`, also `20:10:`, which Postgres writes for the
 * snapshot of a new slot and refuses to read: nothing below the first number runs, and the
 * second has followed commits alone, not roll-backs.
 * @throws Error on anything else.
 */
export function parseSnapshot(text: string): Snapshot {
  const match = /^(\d+):(\d+):([\d,]*)$/.exec(text);
  if (match === null) throw new Error(`"${text}" is not a snapshot such as 10:20:10,14`);
  const running = match[3] === '' ? [] : (match[3] as string).split(',').map(BigInt);
  const [xmin, xmax] = [BigInt(match[1] as string), BigInt(match[2] as string)];
  return { xmax: xmin > xmax ? xmin : xmax, running };
}

/** Writes Postgres' notation. */
export function formatSnapshot({ xmax, running }: Snapshot): string {
  return `${running[0] ?? xmax}:${xmax}:${running.join(',')}`;
}

/** As `pg_visible_in_snapshot`. */
export function endedIn({ xmax, running }: Snapshot, xid: bigint): boolean {
  return xid < xmax && !running.includes(xid);
}

/** What had ended in `after` among the transactions below `xid`, in `before` from it on. */
export function snapshotBetween(before: Snapshot, after: Snapshot, xid: bigint): Snapshot {
  return {
    xmax: xid > before.xmax ? xid : before.xmax,
    running: [
      ...after.running.filter((each) => each < xid),
      ...before.running.filter((each) => each >= xid),
    ],
  };
}
