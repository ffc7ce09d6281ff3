import { setTimeout as delay } from 'node:timers/promises';
import { fullJitter } from '@tidings/contract';
import {
  type ChangeGroup,
  type ChangeSource,
  type Checkpoint,
  ConfigurationError,
  type Logger,
  reasonOf,
} from '@tidings/relay';
import { connectionFailureOf, unreachableSentence } from '../connection-failure.ts';
import { type OutboxRow, sealedEventOf } from '../outbox-row.ts';
import { SqlSession } from '../sql-session.ts';
import { DurableHorizon, type Horizon } from './durable-horizon.ts';
import { findHorizonPin } from './horizon-pin.ts';
import { createPollCheckpoints, readHorizons, storeHorizons } from './poll-checkpoint.ts';
import { type PollSettings, type PollSourceOptions, resolvePollOptions } from './poll-options.ts';
import { PollPace, type PollYield } from './poll-pace.ts';
import { parseHorizons, positionOfHorizons } from './poll-position.ts';
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
 * through an ordinary role. A row is read once no older transaction runs any more, so no
 * gap is possible and nothing is locked or updated; one long transaction anywhere in the
 * cluster delays everything behind it, and is named in a warning. The bookmark in
 * `tidings.checkpoint` moves over what is published; a restart goes on behind it.
 *
 * Per ordering key, order is that of the ids where its writers wait for each other; see
 * `readWindow` for a backlog. Only transactions that are safe on disk are read. Needs
 * PostgreSQL 14 or later and the schema of `migrateOutbox`.
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
  /** Every transaction below it has been handed to the relay. */
  readTo: bigint;
  /** What its checkpoint says. */
  stored: bigint;
  /** Handed over to another poller once `stored` has reached `readTo`. */
  leaving: boolean;
}

/**
 * One poller. Within a session:
 *
 *   balance shards -> take a horizon -> read the windows up to it -> pause -> again
 *
 * A lost session ends with its locks; the next one goes on where reading stood, unless
 * another poller has come further or the server is not the same any more.
 */
class PollReader {
  readonly #settings: PollSettings;
  #sql: SqlSession;
  /** Shards that are read, or were until the session was lost. */
  readonly #shards = new Map<number, ShardProgress>();
  #session: PollSession | undefined;
  #timeline: number | undefined;
  #positionedAt = 0;

  constructor(settings: PollSettings) {
    this.#settings = settings;
    this.#sql = new SqlSession(settings.connection, () => {});
  }

  async verify(): Promise<void> {
    try {
      await (await openPollSession(this.#settings)).close();
    } catch (error) {
      if (connectionFailureOf(error).kind === 'lost') {
        throw new ConfigurationError(unreachableSentence(this.#settings.target, error));
      }
      throw refusalOf(error);
    }
  }

  async *read(signal: AbortSignal, logger: Logger): AsyncGenerator<Groups, void, undefined> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        this.#session = await openPollSession(this.#settings);
        attempt = 1;
        yield* this.#poll(this.#session, signal, logger);
      } catch (error) {
        if (signal.aborted) return;
        // Its locks end with it. What is in flight is settled without them, which can only
        // publish twice what the next holder publishes too.
        await this.#session?.close();
        this.#session = undefined;
        const lost = connectionFailureOf(error).kind === 'lost' || error instanceof StandbyServer;
        if (!lost) throw refusalOf(error);
        const waitMs = fullJitter(reconnect, attempt);
        logger.warn(
          { poller: this.#settings.name, reason: reasonOf(error), waitMs },
          'the poller has lost its connection; connecting again',
        );
        await delay(waitMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  async confirm(checkpoint: Checkpoint): Promise<void> {
    const { name, shards } = this.#settings;
    const read = parseHorizons(checkpoint);
    try {
      await this.#sql.use((client) => storeHorizons(client, name, shards, read));
    } catch (error) {
      // A connection that hangs would do so again.
      if (connectionFailureOf(error).kind === 'lost') this.#renewSql();
      throw error;
    }
    if (read.timeline !== this.#timeline) return;
    for (const [shard, horizon] of read.horizons) {
      const progress = this.#shards.get(shard);
      if (progress !== undefined && progress.stored < horizon) progress.stored = horizon;
    }
  }

  #renewSql(): void {
    void this.#sql.close();
    this.#sql = new SqlSession(this.#settings.connection, () => {});
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
    const { name, shards, minIntervalMs, maxIntervalMs } = this.#settings;
    const { client } = session;
    await createPollCheckpoints(client, name, shards, session.systemIdentifier);
    if (this.#timeline !== session.timeline) this.#shards.clear();
    this.#timeline = session.timeline;
    const locks = await joinShards(client, name, shards);
    const horizons = new DurableHorizon();
    const pace = new PollPace(minIntervalMs, maxIntervalMs);
    const pinned = this.#pinWatch(session, logger);
    let balancedAt = Number.NEGATIVE_INFINITY;
    logger.info({ poller: name }, 'polling');
    while (!signal.aborted) {
      if (performance.now() - balancedAt >= BALANCE_MS) {
        await this.#balance(locks, session, logger);
        balancedAt = performance.now();
      }
      const { durable, pending } = await horizons.look(client);
      let found: PollYield = pending && locks.held.size > 0 ? 'some' : 'nothing';
      if (durable !== undefined) {
        for await (const { groups, full } of this.#readTo(durable, locks, session)) {
          found = full ? 'full' : 'some';
          yield groups;
          if (signal.aborted) return;
        }
        await pinned(durable);
      }
      const idle = locks.held.size === 0;
      const waitMs = Math.min(pace.after(found), idle || shards > 1 ? BALANCE_MS : maxIntervalMs);
      if ((await session.pause(waitMs, signal)) === 'notified') pace.hurry();
    }
  }

  /** Reads each held shard up to `horizon`; those that stand at the same place together. */
  async *#readTo(
    horizon: Horizon,
    locks: ShardLocks,
    session: PollSession,
  ): AsyncGenerator<{ groups: Groups; full: boolean }, void, undefined> {
    const { shards: shardCount } = this.#settings;
    for (const [from, shards] of this.#readable(locks)) {
      if (from >= horizon.xid) continue;
      const window = {
        from,
        to: horizon,
        shards: shards.length === shardCount ? undefined : shards,
        shardCount,
      };
      for await (const { records, readTo, last } of readWindow(session.client, window)) {
        const now = performance.now();
        if (records.length === 0 && now - this.#positionedAt < IDLE_BOOKMARK_MS) continue;
        this.#positionedAt = now;
        for (const shard of shards) {
          (this.#shards.get(shard) as ShardProgress).readTo = readTo.xid;
        }
        const position = positionOfHorizons({
          timeline: session.timeline,
          at: readTo.at,
          horizons: new Map(
            [...locks.held].map((shard) => [shard, this.#shards.get(shard)?.readTo as bigint]),
          ),
        });
        yield { groups: [{ records, position }], full: !last };
      }
    }
  }

  #readable(locks: ShardLocks): Map<bigint, number[]> {
    const together = new Map<bigint, number[]>();
    for (const shard of locks.held) {
      const { readTo, leaving } = this.#shards.get(shard) as ShardProgress;
      if (leaving) continue;
      const shards = together.get(readTo);
      if (shards === undefined) together.set(readTo, [shard]);
      else shards.push(shard);
    }
    return together;
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
      const stored = await readHorizons(session.client, name, taken, shards);
      for (const [shard, horizon] of stored) {
        const known = this.#shards.get(shard)?.readTo ?? 0n;
        const readTo = known > horizon ? known : horizon;
        this.#shards.set(shard, { readTo, stored: horizon, leaving: false });
      }
    }
    const held = [...locks.held];
    held.reverse().forEach((shard, index) => {
      (this.#shards.get(shard) as ShardProgress).leaving = index < surplus;
    });
    const left = held.filter((shard) => {
      const { leaving, stored, readTo } = this.#shards.get(shard) as ShardProgress;
      return leaving && stored >= readTo;
    });
    if (left.length > 0) {
      await locks.release(left);
      for (const shard of left) this.#shards.delete(shard);
    }
    if (taken.length > 0 || left.length > 0) {
      logger.info({ poller: name, held: [...locks.held], of: shards }, 'holding shards');
    }
  }

  /** Warns, once a transaction, when the horizon stays where it is for long. */
  #pinWatch(session: PollSession, logger: Logger): (horizon: Horizon) => Promise<void> {
    const { name, pinnedWarningMs } = this.#settings;
    let since = performance.now();
    let xid: bigint | undefined;
    let lookedAt = 0;
    let warned: string | undefined;
    return async (horizon) => {
      const now = performance.now();
      if (horizon.xid !== xid) {
        xid = horizon.xid;
        since = now;
        return;
      }
      if (now - since < pinnedWarningMs || now - lookedAt < pinnedWarningMs) return;
      lookedAt = now;
      const pin = await findHorizonPin(session.client, name, xid, now - since);
      if (pin === undefined || pin.xid === warned) return;
      warned = pin.xid;
      logger.warn({ poller: name, xid: pin.xid }, pin.sentence);
    };
  }
}

/** Turns a known refusal into the sentence for it, leaves everything else as it is. */
function refusalOf(error: unknown): unknown {
  const failure = connectionFailureOf(error);
  return failure.kind === 'refused' ? new ConfigurationError(failure.sentence) : error;
}
