import { setImmediate } from 'node:timers/promises';
import type { PublishableEvent, SealedEvent } from '@tidings/contract';
import {
  type ChangeGroup,
  type ChangeSource,
  type Checkpoint,
  ConfigurationError,
  type Position,
  silentLogger,
} from '@tidings/relay';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

/** A store whose committed changes a source reads, as the suite drives it. */
export interface ChangeStore {
  /** Commits one change after the other; returns the keys of their events, in order. */
  commit(count: number): Promise<readonly string[]>;
  /** A source that reads the store; all of one store share their checkpoints. */
  source(): ChangeSource;
  /** A source of a store that is not there. */
  missing(): ChangeSource;
  /** Releases the store; every source is closed by then. */
  close(): Promise<void>;
}

/** The stores of one kind of source. */
export interface ChangeStores {
  open(): Promise<ChangeStore>;
  close(): Promise<void>;
}

/** One reading of a source, which the test ends. */
interface Reading {
  readonly keys: readonly string[];
  readonly eventIds: readonly string[];
  readonly groups: readonly ChangeGroup<unknown>[];
  /** Resolves when so many changes have come. */
  until(count: number): Promise<void>;
  /**
   * The position behind the first group that ends at or after so many records. It may come
   * later than the records do: a piece of a transaction has none.
   */
  positionAfter(count: number): Promise<{ position: Position; records: number }>;
  /** Resolves when reading is over. */
  abort(): Promise<void>;
}

function eventOf(source: ChangeSource, change: unknown): { key: string; eventId: string } {
  const events = source.capture(change);
  expect(events).toHaveLength(1);
  const [event] = events as readonly [PublishableEvent];
  if (typeof event.detail !== 'string') {
    const { idempotencyKey: key, eventId } = event.detail.metadata;
    return { key, eventId };
  }
  const { idempotencyKey: key, eventId } = event as SealedEvent;
  return { key, eventId };
}

function startReading(source: ChangeSource): Reading {
  const stop = new AbortController();
  const keys: string[] = [];
  const eventIds: string[] = [];
  const groups: ChangeGroup<unknown>[] = [];
  let failure: { readonly error: unknown } | undefined;
  let wake: () => void = () => {};
  const read = async (): Promise<void> => {
    for await (const some of source.read(stop.signal, silentLogger)) {
      expect(stop.signal.aborted).toBe(false);
      for (const group of some) {
        groups.push(group);
        for (const { change, bytes } of group.records) {
          expect(bytes).toBeGreaterThan(0);
          const { key, eventId } = eventOf(source, change);
          keys.push(key);
          eventIds.push(eventId);
        }
      }
      wake();
    }
  };
  const over = read().catch((error: unknown) => {
    failure = { error };
    wake();
  });
  /** Resolves with what `find` finds; looks again whenever something has come. */
  async function found<Found>(find: () => Found | undefined): Promise<Found> {
    for (;;) {
      if (failure !== undefined) throw failure.error;
      const result = find();
      if (result !== undefined) return result;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  return {
    keys,
    eventIds,
    groups,
    async until(count) {
      await found(() => (keys.length < count ? undefined : keys));
    },
    positionAfter: (count) =>
      found(() => {
        let records = 0;
        for (const { records: of, position } of groups) {
          records += of.length;
          if (records >= count && position !== undefined) return { position, records };
        }
        return undefined;
      }),
    async abort() {
      stop.abort();
      await over;
      if (failure !== undefined) throw failure.error;
    },
  };
}

const checkpointOf = (position: Position): Checkpoint => position as string as Checkpoint;

/** Connections and timers of this process, by kind. */
function resources(): readonly string[] {
  const kinds = ['TCPSocketWrap', 'TLSSocketWrap', 'Timeout', 'TCPConnectWrap'];
  return process.getActiveResourcesInfo().filter((kind) => kinds.includes(kind));
}

/**
 * What every `ChangeSource` promises, whatever it reads. Sources that are held to it name
 * a way to open stores; one whose server is not on this machine passes no stores and its
 * tests are reported as skipped, with the reason.
 */
export function changeSourceSuite(name: string, stores: () => Promise<ChangeStores>): void {
  describe(name, () => {
    let opened: ChangeStores;
    let store: ChangeStore;
    const sources: ChangeSource[] = [];
    beforeAll(async () => {
      opened = await stores();
    });
    afterAll(() => opened.close());
    beforeEach(async () => {
      store = await opened.open();
    });
    afterEach(async () => {
      for (const source of sources.splice(0)) await source.close();
      await store.close();
    });

    async function open(): Promise<ChangeSource> {
      const source = store.source();
      await source.verify();
      sources.push(source);
      return source;
    }

    async function close(source: ChangeSource): Promise<void> {
      sources.splice(sources.indexOf(source), 1);
      await source.close();
    }

    test('committed changes come in their order, those from before the start and later ones', async () => {
      const before = await store.commit(3);
      const reading = startReading(await open());
      await reading.until(3);
      const after = await store.commit(4);
      await reading.until(7);
      await reading.abort();
      expect(reading.keys).toEqual([...before, ...after]);
    });

    test('nothing comes after an abort, and reading is over', async () => {
      await store.commit(2);
      const reading = startReading(await open());
      await reading.until(2);
      await reading.abort();
      const { length } = reading.groups;
      await store.commit(2);
      expect(reading.groups).toHaveLength(length);
      expect(reading.keys).toHaveLength(2);
    });

    test('an abort before the first look ends it at once', async () => {
      await store.commit(1);
      const reading = startReading(await open());
      await reading.abort();
      expect(reading.keys).toEqual([]);
    });

    test('without a checkpoint a restart delivers everything again, with the same ids', async () => {
      const keys = await store.commit(5);
      const first = await open();
      const reading = startReading(first);
      await reading.until(5);
      await reading.abort();
      await close(first);
      const again = startReading(await open());
      await again.until(5);
      await again.abort();
      expect(again.keys).toEqual(keys);
      expect(again.eventIds).toEqual(reading.eventIds);
    });

    test('a restart goes on behind the checkpoint, and confirm moves it', async () => {
      const committed = [...(await store.commit(4))];
      let from = 0;
      for (let restart = 0; restart < 3; restart += 1) {
        const source = await open();
        const reading = startReading(source);
        committed.push(...(await store.commit(3)));
        await reading.until(committed.length - from);
        expect(reading.keys).toEqual(committed.slice(from));
        const { position, records } = await reading.positionAfter(2);
        await source.confirm(checkpointOf(position));
        await reading.abort();
        await close(source);
        from += records;
      }
    });

    test('a checkpoint that was confirmed after the abort counts', async () => {
      await store.commit(4);
      const first = await open();
      const reading = startReading(first);
      const { position } = await reading.positionAfter(4);
      await reading.abort();
      await first.confirm(checkpointOf(position));
      await close(first);
      const next = await store.commit(1);
      const again = startReading(await open());
      await again.until(1);
      await again.abort();
      expect(again.keys).toEqual(next);
    });

    test('confirming twice, or nothing new, is no matter', async () => {
      await store.commit(2);
      const source = await open();
      const reading = startReading(source);
      const checkpoint = checkpointOf((await reading.positionAfter(2)).position);
      await source.confirm(checkpoint);
      await source.confirm(checkpoint);
      await reading.abort();
    });

    test('close releases connections and timers, and the next reader need not wait', async () => {
      const idle = resources().length;
      await store.commit(1);
      const first = await open();
      const reading = startReading(first);
      await reading.until(1);
      await reading.abort();
      await close(first);
      // What is closed leaves the event loop in its next turns.
      for (let turn = 0; turn < 100 && resources().length > idle; turn += 1) await setImmediate();
      expect(resources().length).toBeLessThanOrEqual(idle);
      const again = startReading(await open());
      await again.until(1);
      await again.abort();
    });

    test('a source that is never read closes too', async () => {
      const source = store.source();
      await source.close();
    });

    test('a store that is not there is a sentence for a person', async () => {
      const source = store.missing();
      sources.push(source);
      const refused = await source.verify().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refused).toBeInstanceOf(ConfigurationError);
      expect((refused as Error).message).toMatch(/\w+ .+/);
    });
  });
}
