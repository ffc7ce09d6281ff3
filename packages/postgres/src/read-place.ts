import { formatSnapshot, nothingEnded, parseSnapshot, type Snapshot } from './snapshot.ts';

/** Where reading the outbox by windows stands: a shard's of a poller, or a recovery's. */
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

const notation = /^(\d+:\d+:[\d,]*)(?:>(\d+:\d+:[\d,]*)@(\d+))?$/;

/** Whether a text is what `formatPlace` writes. */
export function isPlace(text: string): boolean {
  return notation.test(text);
}

/** Reads what `formatPlace` wrote. @throws Error on anything else. */
export function parsePlace(text: string): ReadPlace {
  const [, readTo, to, after] = notation.exec(text) ?? [];
  if (readTo === undefined) throw new Error(`"${text}" is not a place in the outbox`);
  const within =
    to === undefined || after === undefined ? undefined : { to: parseSnapshot(to), after };
  return { readTo: parseSnapshot(readTo), within };
}
