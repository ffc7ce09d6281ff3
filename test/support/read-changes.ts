import {
  type ChangeGroup,
  type ChangeSource,
  type Checkpoint,
  type Position,
  silentLogger,
} from '@tidings/relay';

/** What a source yielded. */
export interface Reading<Change> {
  readonly changes: readonly Change[];
  readonly groups: readonly ChangeGroup<Change>[];
  /** Where each transaction ends whose end has come. */
  readonly positions: readonly Position[];
}

/**
 * Reads a source until `enough` changes have come, confirms the position that `confirm`
 * picks, as if everything before it were settled, and closes the source: the next one of
 * the same slot goes on behind it.
 */
export async function readChanges<Change>(
  source: ChangeSource<Change>,
  enough: number | ((reading: Reading<Change>) => boolean),
  confirm: (reading: Reading<Change>) => Position | undefined = () => undefined,
): Promise<Reading<Change>> {
  const stop = new AbortController();
  const changes: Change[] = [];
  const groups: ChangeGroup<Change>[] = [];
  const positions: Position[] = [];
  const reading = { changes, groups, positions };
  const done = (): boolean =>
    typeof enough === 'number' ? changes.length >= enough : enough(reading);
  try {
    await source.verify();
    for await (const some of source.read(stop.signal, silentLogger)) {
      for (const group of some) {
        groups.push(group);
        for (const { change } of group.records) changes.push(change);
        if (group.position !== undefined) positions.push(group.position);
      }
      if (done()) break;
    }
    const position = confirm(reading);
    if (position !== undefined) await source.confirm(position as string as Checkpoint);
  } finally {
    stop.abort();
    await source.close();
  }
  return reading;
}
