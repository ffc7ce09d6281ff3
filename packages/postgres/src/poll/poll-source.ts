// Longer than most files: reading, confirming and handing over shards change one state, the
// progress of each shard, and are only right together.
import { setTimeout as delay } from 'node:timers/promises';
import { fullJitter } from '@tidings/contract';
import {
  type ChangeGroup,
  type ChangeSource,
  type Checkpoint,
  type Logger,
  reasonOf,
} from '@tidings/relay';
import { asRefusal, connectionFailureOf } from '../connection-failure.ts';
import { type OutboxRow, sealedEventOf } from '../outbox-row.ts';
import { formatPlace, furtherPlace, nothingRead, type ReadPlace } from '../read-place.ts';
import { formatSnapshot } from '../snapshot.ts';
import { SqlSession } from '../sql-session.ts';
import { DurableSnapshots, type SnapshotTaken } from './durable-snapshot.ts';
import { openTransactionWatch } from './open-transaction.ts';
import { createPollCheckpoints, readProgress, storeProgress } from './poll-checkpoint.ts';
import { type PollSettings, type PollSourceOptions, resolvePollOptions } from './poll-options.ts';
import { PollPace, type PollYield } from './poll-pace.ts';
import { parseProgress, positionOfProgress } from './poll-position.ts';
import { openPollSession, type PollSession, StandbyServer } from './poll-session.ts';
import { readWindow } from './read-window.ts';
import { joinShards, type ShardLocks } from './shard-locks.ts';

/** How soon a lost connection is tried again. */
const reconnect = { baseMs: 100, capMs: 5_000 };
/** How often a poller looks who else is there, and for free shards. */
const BALANCE_MS = 500;
/** How often an outbox without new rows moves its bookmark. */
const IDLE_BOOKMARK_MS = 5_000;

/**
 * Reads the outbox without logical replication, by asking for it: with any `wal_level`,
 * through an ordinary role. Each look reads the rows of transactions that have ended
 * since the last one, by the snapshots of both: no gap is possible, nothing is locked or
 * updated, and an open transaction delays nobody else's rows. The bookmark in
 * `tidings.checkpoint` moves over what is published; a restart goes on behind it.
 *
 * Per ordering key, order is that of the commits where the key's writers wait for each
 * other; see `readWindow` for a backlog. Only transactions that are safe on disk are
 * read. Needs PostgreSQL 14 or later and the schema of `migrateOutbox`.
 * @throws ConfigurationError on options that cannot work.
 */
export function pollSource(options: PollSourceOptions): ChangeSource<OutboxRow> {
  const settings = resolvePollOptions(options);
  const reader = new PollReader(settings);
  return {
    name: `poller "${settings.name}"`,
    verify: () => reader.verify(),
    read: (signal, logger) => reader.read(signal, logger),
    capture: (row) => [sealedEventOf(row)],
    confirm: (checkpoint) => reader.confirm(checkpoint),
    close: () => reader.close(),
  };
}

type Groups = readonly ChangeGroup<OutboxRow>[];

/** Where a shard's reading stands. */
interface ShardProgress {
  /** What has been handed to the relay. */
  place: ReadPlace;
  /** What its checkpoint says, as `formatPlace` writes it. */
  stored: string;
  /** Handed over to another poller once `stored` has come up with `place`. */
  leaving: boolean;
}

/**
 * One poller. Within a session:
 *
 *   balance shards -> take a snapshot -> read the windows up to it -> pause -> again
 *
 * A lost session ends with its locks; the next one goes on where reading stood, unless
 * another poller has come further or the server is not the same any more.
 */
class PollReader {
  readonly #settings: PollSettings;
  readonly #sql: SqlSession;
  /** Shards that are read, or were until the session was lost. */
  readonly #shards = new Map<number, ShardProgress>();
  #session: PollSession | undefined;
  #timeline: number | undefined;
  #positionedAt = Number.NEGATIVE_INFINITY;
  /** Since the last look that went well. */
  #failures = 0;

  constructor(settings: PollSettings) {
    this.#settings = settings;
    this.#sql = new SqlSession(settings.connection);
  }

  async verify(): Promise<void> {
    try {
      await (await openPollSession(this.#settings)).close();
    } catch (error) {
      throw asRefusal(this.#settings.target, error);
    }
  }

  async *read(signal: AbortSignal, logger: Logger): AsyncGenerator<Groups, void, undefined> {
    while (!signal.aborted) {
      try {
        this.#session = await openPollSession(this.#settings);
        yield* this.#poll(this.#session, signal, logger);
      } catch (error) {
        if (signal.aborted) return;
        // Its locks end with it. What is in flight is settled without them, which can only
        // publish twice what the next holder publishes too.
        await this.#session?.close();
        this.#session = undefined;
        const { kind } = connectionFailureOf(error);
        const passes = kind === 'lost' || kind === 'transient' || error instanceof StandbyServer;
        if (!passes) throw asRefusal(this.#settings.target, error);
        this.#failures += 1;
        const waitMs = fullJitter(reconnect, this.#failures);
        logger.warn(
          {
            poller: this.#settings.name,
            reason: reasonOf(error),
            failures: this.#failures,
            waitMs,
          },
          kind === 'transient'
            ? 'the server refuses the poller for now; trying again'
            : 'the poller has lost its connection; connecting again',
        );
        await delay(waitMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  async confirm(checkpoint: Checkpoint): Promise<void> {
    const { name, shards } = this.#settings;
    const read = parseProgress(checkpoint);
    await this.#sql.use((client) => storeProgress(client, name, shards, read));
    if (read.timeline !== this.#timeline) return;
    for (const [shard, place] of read.shards) {
      const progress = this.#shards.get(shard);
      if (progress !== undefined) progress.stored = formatPlace(place);
    }
  }

  /** Only now do the locks end: what was in flight has been settled and confirmed. */
  async close(): Promise<void> {
    await this.#session?.close();
    await this.#sql.close();
  }

  async *#poll(
    session: PollSession,
    signal: AbortSignal,
    logger: Logger,
  ): AsyncGenerator<Groups, void, undefined> {
    const settings = this.#settings;
    const { name, shards, minIntervalMs, maxIntervalMs } = settings;
    const { client } = session;
    await createPollCheckpoints(client, name, shards, session.systemIdentifier);
    if (this.#timeline !== session.timeline) this.#shards.clear();
    this.#timeline = session.timeline;
    const locks = await joinShards(client, name, shards);
    const snapshots = new DurableSnapshots();
    const pace = new PollPace(minIntervalMs, maxIntervalMs);
    const watch = openTransactionWatch(client, settings, logger);
    let balancedAt = Number.NEGATIVE_INFINITY;
    logger.info({ poller: name }, 'polling');
    while (!signal.aborted) {
      if (performance.now() - balancedAt >= BALANCE_MS) {
        await this.#balance(locks, session, logger);
        balancedAt = performance.now();
      }
      const { durable, pending } = await snapshots.look(client);
      let found: PollYield = pending && locks.held.size > 0 ? 'some' : 'nothing';
      if (durable !== undefined) {
        for await (const { groups, full } of this.#readTo(durable, locks, session)) {
          found = full ? 'full' : 'some';
          yield groups;
          if (signal.aborted) return;
        }
        await watch(durable.snapshot);
      }
      this.#failures = 0;
      const idle = locks.held.size === 0;
      const waitMs = Math.min(pace.after(found), idle || shards > 1 ? BALANCE_MS : maxIntervalMs);
      if ((await session.pause(waitMs, signal)) === 'notified') pace.hurry();
    }
  }

  /** Reads each held shard up to `to`; those that stand at the same place together. */
  async *#readTo(
    to: SnapshotTaken,
    locks: ShardLocks,
    session: PollSession,
  ): AsyncGenerator<{ groups: Groups; full: boolean }, void, undefined> {
    const { shards: shardCount } = this.#settings;
    for (const shards of this.#readable(locks)) {
      const { readTo: from, within } = this.#progressOf(shards[0] as number).place;
      // A window that was begun is read to its own end.
      const end = within?.to ?? to.snapshot;
      if (formatSnapshot(from) === formatSnapshot(end)) continue;
      const window = {
        from,
        to: end,
        after: within?.after ?? '0',
        shards: shards.length === shardCount ? undefined : shards,
        shardCount,
      };
      for await (const { records, after, last } of readWindow(session.client, window)) {
        const now = performance.now();
        const idle = records.length === 0 && within === undefined;
        if (idle && now - this.#positionedAt < IDLE_BOOKMARK_MS) continue;
        this.#positionedAt = now;
        const place: ReadPlace = last
          ? { readTo: end, within: undefined }
          : { readTo: from, within: { to: end, after } };
        for (const shard of shards) this.#progressOf(shard).place = place;
        const position = positionOfProgress({
          timeline: session.timeline,
          at: to.at,
          shards: new Map([...locks.held].map((each) => [each, this.#progressOf(each).place])),
        });
        yield { groups: [{ records, position }], full: !last || within !== undefined };
      }
    }
  }

  #readable(locks: ShardLocks): Iterable<readonly number[]> {
    const together = new Map<string, number[]>();
    for (const shard of locks.held) {
      const { place, leaving } = this.#progressOf(shard);
      if (leaving) continue;
      const same = formatPlace(place);
      together.set(same, [...(together.get(same) ?? []), shard]);
    }
    return together.values();
  }

  #progressOf(shard: number): ShardProgress {
    return this.#shards.get(shard) as ShardProgress;
  }

  /**
   * Takes free shards, and gives up what is beyond this poller's share: it reads them no
   * further, and unlocks them once all that was read of them is published and confirmed,
   * so that no key is in two pollers' hands.
   */
  async #balance(locks: ShardLocks, session: PollSession, logger: Logger): Promise<void> {
    const { name, shards } = this.#settings;
    const { taken, surplus } = await locks.balance();
    if (taken.length > 0) {
      const found = await readProgress(session.client, name, taken, shards);
      for (const [shard, stored] of found) {
        // After a lost connection: what was read before is on its way to the bus.
        const known = this.#shards.get(shard)?.place ?? nothingRead;
        this.#shards.set(shard, {
          place: furtherPlace(known, stored),
          stored: formatPlace(stored),
          leaving: false,
        });
      }
    }
    const held = [...locks.held];
    held.reverse().forEach((shard, index) => {
      this.#progressOf(shard).leaving = index < surplus;
    });
    const left = held.filter((shard) => {
      const { leaving, stored, place } = this.#progressOf(shard);
      return leaving && stored === formatPlace(place);
    });
    if (left.length > 0) {
      await locks.release(left);
      for (const shard of left) this.#shards.delete(shard);
    }
    if (taken.length > 0 || left.length > 0) {
      logger.info({ poller: name, held: [...locks.held], of: shards }, 'holding shards');
    }
  }
}
