import type { ChangeGroup } from '@tidings/relay';

/** Groups between the readers of shards and the relay. */
export interface GroupQueue<Change> {
  /** Resolves when there is room again; readers read no further until then. */
  push(groups: readonly ChangeGroup<Change>[]): Promise<void>;
  /** What has come in since, in order; undefined at the end. @throws what ended it. */
  take(): Promise<readonly ChangeGroup<Change>[] | undefined>;
  /** Nothing is taken from now on, not even what waits. */
  end(error?: unknown): void;
}

/** @param capacity Records that wait at most before readers have to. */
export function groupQueue<Change>(capacity: number): GroupQueue<Change> {
  let waiting: ChangeGroup<Change>[] = [];
  let records = 0;
  let over: { readonly error: unknown } | undefined;
  let wakeTaker: () => void = () => {};
  let wakeReaders: (() => void)[] = [];

  function releaseReaders(): void {
    const readers = wakeReaders;
    wakeReaders = [];
    for (const wake of readers) wake();
  }

  return {
    push(groups) {
      if (over !== undefined) return Promise.resolve();
      for (const group of groups) {
        waiting.push(group);
        records += group.records.length;
      }
      wakeTaker();
      if (records < capacity) return Promise.resolve();
      return new Promise((resolve) => wakeReaders.push(resolve));
    },
    async take() {
      while (over === undefined && waiting.length === 0) {
        await new Promise<void>((resolve) => {
          wakeTaker = resolve;
        });
      }
      if (over !== undefined) {
        if (over.error !== undefined) throw over.error;
        return undefined;
      }
      const groups = waiting;
      waiting = [];
      records = 0;
      releaseReaders();
      return groups;
    },
    end(error) {
      over ??= { error };
      waiting = [];
      wakeTaker();
      releaseReaders();
    },
  };
}
