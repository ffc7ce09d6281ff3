import type { AcceptedEvent } from '../accepted-event.ts';

/**
 * `unordered`: as the service replays. The window is cut into minutes from its start, the
 * minutes follow each other, and the order within one is any. `accepted`: the order of
 * acceptance.
 */
export type ReplayOrder = 'unordered' | 'accepted';

const sliceMs = 60_000;

/**
 * Events in the order in which a replay sends them.
 * @param windowStart Where the first minute begins, in milliseconds since 1970; no event is older.
 */
export function inReplayOrder(
  events: readonly AcceptedEvent[],
  windowStart: number,
  order: ReplayOrder,
  random: () => number,
): readonly AcceptedEvent[] {
  if (order === 'accepted') return events;
  const slices = new Map<number, AcceptedEvent[]>();
  for (const event of events) {
    const slice = Math.floor((event.time - windowStart) / sliceMs);
    const members = slices.get(slice);
    if (members === undefined) slices.set(slice, [event]);
    else members.push(event);
  }
  return [...slices.entries()]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([, members]) => shuffled(members, random));
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
