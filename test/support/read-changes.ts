import { type ChangeGroup, type ChangeSource, silentLogger } from '@tidings/relay';

/** What a source yields, and when enough of it has come. */
export interface Reading<Change> {
  readonly changes: readonly Change[];
  readonly groups: readonly ChangeGroup<Change>[];
}

/**
 * Reads a source until `enough`, confirms nothing, and closes it: the next source of the
 * same slot reads the same again.
 */
export async function readChanges<Change>(
  source: ChangeSource<Change>,
  enough: number | ((changes: readonly Change[]) => boolean),
): Promise<Reading<Change>> {
  const done =
    typeof enough === 'number' ? (all: readonly Change[]) => all.length >= enough : enough;
  const stop = new AbortController();
  const changes: Change[] = [];
  const groups: ChangeGroup<Change>[] = [];
  try {
    await source.verify();
    for await (const some of source.read(stop.signal, silentLogger)) {
      for (const group of some) {
        groups.push(group);
        for (const { change } of group.records) changes.push(change);
      }
      if (done(changes)) stop.abort();
    }
  } finally {
    stop.abort();
    await source.close();
  }
  return { changes, groups };
}
