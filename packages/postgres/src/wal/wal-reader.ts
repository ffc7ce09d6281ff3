import { setTimeout as delay } from 'node:timers/promises';
import { fullJitter } from '@tidings/contract';
import {
  type ChangeGroup,
  type Checkpoint,
  ConfigurationError,
  type Logger,
  reasonOf,
  silentLogger,
} from '@tidings/relay';
import { advanceCheckpoint, writeCheckpoint } from '../checkpoint-store.ts';
import { connectionFailureOf, unreachableSentence } from '../connection-failure.ts';
import { closeIncident } from '../incident-store.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import { SqlSession } from '../sql-session.ts';
import { BookmarkTrail } from './bookmark-trail.ts';
import { GroupQueue } from './group-queue.ts';
import { giveRepairRightBack, takeRepairRight } from './repair-lock.ts';
import { judgeSlot, type SlotVerdict } from './slot-guard.ts';
import { type Healing, queueEndOfRepair, repairSlotLoss } from './slot-loss-repair.ts';
import { observeSlot, type SlotObservation } from './slot-observation.ts';
import { StalledStream } from './stalled-stream.ts';
import { watchStream } from './stream-watch.ts';
import type { ReadPosition } from './transaction-assembler.ts';
import type { WalLayout } from './wal-layout.ts';
import { WAL_SENDER_TIMEOUT_MS, type WalSettings } from './wal-options.ts';
import { parseWalPosition } from './wal-position.ts';
import { openWalStream, type WalStream } from './wal-stream.ts';

/** How soon a lost connection is tried again. */
const reconnect = { baseMs: 100, capMs: 5_000 };
/** How often a relay that waits for the slot looks for it. */
const STANDBY_MS = 250;

/**
 * Keeps one slot streaming. Longer than most files because it is the one place where a
 * stream's state changes; what can be decided without state stands elsewhere (slot-guard,
 * slot-loss-repair, stream-watch, transaction-assembler).
 *
 *   observe --ready--> stream --lost connection--> observe
 *   observe --lost---> repair ------------------> observe
 *   observe --refused-> end
 *   stream --no event settled for long--> parked --one is settled, or time--> observe
 */
export class WalReader<Change> {
  readonly #settings: WalSettings;
  readonly #layout: WalLayout<Change>;
  readonly #sql: SqlSession;
  readonly #queue = new GroupQueue<Change>();
  readonly #trail = new BookmarkTrail();
  #logger: Logger = silentLogger;
  #stream: WalStream | undefined;
  #connecting: Promise<WalStream> | undefined;
  /** How far groups have been queued; a new connection goes on behind it. */
  #readTo: ReadPosition | undefined;
  /** Number of the history that is read: see `walPosition`. */
  #epoch = 0;
  #timeline: number | undefined;
  /** What `tidings.checkpoint` says. */
  #stored: Lsn = 0n;
  #healing: Healing | undefined;
  #lastProgressAt = Date.now();
  #progressed: (() => void) | undefined;
  /** Milliseconds since 1970, by the server's clock. */
  #bookmarkTakenAt: number | undefined;

  constructor(settings: WalSettings, layout: WalLayout<Change>) {
    this.#settings = settings;
    this.#layout = layout;
    this.#sql = new SqlSession(
      settings.connection,
      () => this.#leaveServer(),
      settings.heartbeatTimeoutMs,
    );
  }

  async verify(): Promise<void> {
    try {
      const { verdict } = await this.#observe();
      if (verdict.kind === 'refused') throw new ConfigurationError(verdict.sentence);
      if (verdict.kind === 'ready') await this.#prepare();
    } catch (error) {
      if (connectionFailureOf(error).kind === 'lost') {
        throw new ConfigurationError(unreachableSentence(this.#settings.target, error));
      }
      throw refusalOf(error);
    }
  }

  async *read(
    signal: AbortSignal,
    logger: Logger,
  ): AsyncGenerator<readonly ChangeGroup<Change>[], void, undefined> {
    this.#logger = logger;
    if (signal.aborted) return;
    signal.addEventListener('abort', () => this.#stopReading(), { once: true });
    this.#keepStreaming(signal).then(
      () => this.#queue.end(),
      (error: unknown) => this.#queue.end(error as Error),
    );
    for (;;) {
      const groups = await this.#queue.take();
      if (groups === undefined) return;
      yield groups;
    }
  }

  async confirm(checkpoint: Checkpoint): Promise<void> {
    const { epoch, lsn } = parseWalPosition(checkpoint);
    // What was read in a history that is over says nothing about this one.
    if (epoch !== this.#epoch || lsn <= this.#stored) return;
    try {
      await this.#store(lsn);
    } catch (error) {
      if (connectionFailureOf(error).kind === 'lost') this.#leaveServer();
      throw error;
    }
    this.#stored = lsn;
    this.#lastProgressAt = Date.now();
    this.#stream?.acknowledge(lsn);
    this.#progressed?.();
  }

  async close(): Promise<void> {
    // A connection that is on its way must not outlive the source.
    const open = await this.#connecting?.catch(() => undefined);
    await open?.close();
    this.#stream = undefined;
    await this.#sql.close();
  }

  #stopReading(): void {
    this.#stream?.stopReading();
    this.#queue.end();
    this.#progressed?.();
  }

  /**
   * Lets go of the stream. A server that stops waits for its streams to acknowledge
   * everything, and without the other connection nothing can be: one that stays would
   * hold up the server's shutdown for as long as it answers.
   */
  #leaveServer(): void {
    this.#stream?.destroy();
  }

  async #observe(): Promise<{ seen: SlotObservation; verdict: SlotVerdict }> {
    const { slot, publication } = this.#settings;
    const { tables, operations } = this.#layout;
    const seen = await this.#sql.use((client) => observeSlot(client, slot, publication, tables));
    this.#forgetOtherHistory(seen);
    // Another relay has repaired the slot since, and gone on from there.
    const healing = this.#healing;
    const { checkpoint, server } = seen;
    const sameHistory = checkpoint?.timeline === server.timeline;
    if (healing !== undefined && sameHistory && checkpoint.acknowledged > healing.to) {
      this.#healing = undefined;
    }
    const verdict = judgeSlot(seen, {
      slot,
      publication,
      tables,
      operations,
      healedTo: this.#healing?.to,
    });
    return { seen, verdict };
  }

  /** Undefined while the server is away, which it may be by the time of a second look. */
  async #lookAgain(): Promise<SlotVerdict | undefined> {
    try {
      return (await this.#observe()).verdict;
    } catch (error) {
      if (connectionFailureOf(error).kind === 'lost') return undefined;
      throw refusalOf(error);
    }
  }

  #prepare(): Promise<void> {
    const { publication } = this.#settings;
    return this.#sql.use(async (client) => this.#layout.prepare?.(client, publication));
  }

  /** Keeps a stream open until reading stops. @throws what a person must decide. */
  async #keepStreaming(signal: AbortSignal): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        const { seen, verdict } = await this.#observe();
        if (verdict.kind === 'refused') throw new ConfigurationError(verdict.sentence);
        if (verdict.kind === 'lost') {
          await this.#repair(signal);
          continue;
        }
        await this.#streamFrom(verdict, seen, signal, () => {
          attempt = 0;
        });
      } catch (error) {
        if (this.#stream?.epoch === this.#epoch) this.#readTo = this.#stream.position;
        this.#stream?.destroy();
        if (signal.aborted) return;
        this.#stream = undefined;
        await this.#recover(error, attempt, signal);
      }
    }
  }

  async #streamFrom(
    verdict: Extract<SlotVerdict, { kind: 'ready' }>,
    seen: SlotObservation,
    signal: AbortSignal,
    onOpen: () => void,
  ): Promise<never> {
    const settings = this.#settings;
    const logger = this.#logger;
    await this.#prepare();
    await this.#noteStart(verdict, seen);
    this.#stored = seen.checkpoint?.acknowledged ?? verdict.from;
    this.#trail.expect(seen.publication?.fingerprint);
    const heartbeats = { returnedAt: 0 };
    this.#connecting = openWalStream({
      connection: settings.textConnection,
      slot: settings.slot,
      publication: settings.publication,
      silenceMs: settings.heartbeatTimeoutMs,
      layout: this.#layout,
      heartbeatPrefix: settings.heartbeatPrefix,
      epoch: this.#epoch,
      resume: this.#readTo ?? { lsn: verdict.from, xid: undefined, records: 0 },
      durable: verdict.from,
      localOriginOnly: seen.server.version >= 160000,
      queue: this.#queue,
      admit: () => this.#admit(),
      statusIntervalMs: WAL_SENDER_TIMEOUT_MS / 3,
      onHeartbeat: (heartbeat) => {
        heartbeats.returnedAt = Date.now();
        // The publication changed on the way: the next look at it finds the loss.
        if (!this.#trail.note(heartbeat)) this.#leaveServer();
      },
    });
    const stream = await this.#connecting;
    this.#stream = stream;
    if (signal.aborted) stream.stopReading();
    logger.info({ slot: settings.slot, from: formatLsn(stream.position.lsn) }, 'streaming');
    onOpen();
    const watch = watchStream({
      settings,
      tables: this.#layout.tables,
      backfill: this.#layout.backfill,
      sql: this.#sql,
      stream,
      logger,
      observe: () => this.#observe(),
      heartbeatReturnedAt: () => heartbeats.returnedAt,
      stalledForMs: () =>
        stream.position.lsn > this.#stored ? Date.now() - this.#lastProgressAt : 0,
      acknowledged: () => this.#stored,
      bookmarkTakenAt: () => this.#bookmarkTakenAt,
    });
    try {
      await stream.ended;
      throw new Error('Connection terminated by the server');
    } finally {
      watch.stop();
    }
  }

  /**
   * Looks at the slot again now that nobody else can move it. A server begins at the slot's
   * position without a word where that is behind the one asked for: had somebody advanced
   * the slot since the last look, what it skipped would be missing, and the first
   * checkpoint would hide it.
   */
  async #admit(): Promise<void> {
    const epoch = this.#epoch;
    const { verdict } = await this.#observe();
    if (verdict.kind !== 'ready' || epoch !== this.#epoch) {
      throw new Error('Connection terminated: the slot changed while the stream began');
    }
  }

  /**
   * A standby that was promoted has another history: it may lack the end of what was
   * read, and to start behind its log's end would skip what it writes until there. Its
   * own checkpoint came with its log, so it is never ahead of it.
   */
  #forgetOtherHistory({ server }: SlotObservation): void {
    const another = this.#timeline !== undefined && this.#timeline !== server.timeline;
    const ahead = (this.#readTo?.lsn ?? 0n) > (server.flushed ?? 0n);
    this.#timeline = server.timeline;
    if (!another && !ahead) return;
    this.#readTo = undefined;
    this.#healing = undefined;
    this.#trail.clear();
    this.#epoch += 1;
  }

  /** Writes the first checkpoint, or the publication that an older one lacks. */
  async #noteStart(
    verdict: Extract<SlotVerdict, { kind: 'ready' }>,
    { server, checkpoint, publication }: SlotObservation,
  ): Promise<void> {
    if (!verdict.first && checkpoint?.fingerprint !== undefined) return;
    await this.#sql.use((client) =>
      writeCheckpoint(client, this.#settings.slot, {
        systemIdentifier: server.systemIdentifier,
        timeline: server.timeline,
        acknowledged: checkpoint?.acknowledged ?? verdict.from,
        bookmark: checkpoint?.bookmark,
        fingerprint: publication?.fingerprint,
      }),
    );
  }

  async #repair(signal: AbortSignal): Promise<void> {
    const { slot } = this.#settings;
    if (!(await this.#sql.use((client) => takeRepairRight(client, slot)))) {
      this.#logger.debug({ slot }, 'standing by: another relay repairs the slot');
      await delay(STANDBY_MS, undefined, { signal });
      return;
    }
    // It may be repaired by now.
    const { seen, verdict } = await this.#observe();
    if (verdict.kind !== 'lost') {
      await this.#sql.use(giveRepairRightBack);
      return;
    }
    const healing = await repairSlotLoss({
      settings: this.#settings,
      layout: this.#layout,
      loss: verdict.loss,
      explanation: verdict.explanation,
      seen,
      sql: this.#sql,
      queue: this.#queue,
      logger: this.#logger,
      signal,
    });
    this.#trail.clear();
    this.#epoch += 1;
    this.#healing = healing;
    this.#readTo = { lsn: healing.to, xid: undefined, records: 0 };
    queueEndOfRepair(this.#queue, this.#epoch, healing);
  }

  /** Writes a checkpoint at `lsn`, with what it completes: a bookmark, or a repair. */
  async #store(lsn: Lsn): Promise<void> {
    const { slot } = this.#settings;
    const healing = this.#healing;
    // Of the history that `lsn` belongs to: the server may be another by the time that the
    // statement reaches it.
    const timeline = this.#timeline ?? 0;
    if (healing !== undefined && lsn >= healing.to) {
      await this.#sql.use(async (client) => {
        const { publication } = this.#settings;
        const { tables } = this.#layout;
        // A session that broke has lost the right, and the slot perhaps as well.
        const right = await takeRepairRight(client, slot);
        const { server, slot: now } = await observeSlot(client, slot, publication, tables);
        const another = server.timeline !== timeline;
        if (!right || another || now?.confirmed === undefined || now.confirmed > healing.to) {
          // Whoever holds the right must not sleep on it: a look tells what to do next.
          await giveRepairRightBack(client);
          this.#leaveServer();
          this.#progressed?.();
          throw new Error('another relay has repaired the slot, or is about to');
        }
        await client.query('begin');
        try {
          await writeCheckpoint(client, slot, {
            systemIdentifier: server.systemIdentifier,
            timeline: server.timeline,
            acknowledged: lsn,
            bookmark: healing.bookmark,
            fingerprint: healing.fingerprint,
          });
          await closeIncident(client, healing.incident, healing.to, healing.republished);
          await client.query('commit');
          await giveRepairRightBack(client);
        } catch (error) {
          await client.query('rollback').catch(() => {});
          throw error;
        }
      });
      this.#healing = undefined;
      const { incident, republished } = healing;
      this.#logger.info({ slot, incident, republished }, 'the slot is healed');
      return;
    }
    const bookmark = this.#trail.validAt(lsn);
    await this.#sql.use((client) => advanceCheckpoint(client, slot, lsn, bookmark, timeline));
    if (bookmark === undefined) return;
    this.#trail.adopted(bookmark);
    this.#bookmarkTakenAt = Date.parse(bookmark.at);
  }

  /** Waits as the failure demands. @throws it where waiting does not help. */
  async #recover(error: unknown, attempt: number, signal: AbortSignal): Promise<void> {
    const { slot } = this.#settings;
    const logger = this.#logger;
    if (error instanceof StalledStream) {
      logger.error({ slot, stalledForMs: error.stalledForMs }, error.message);
      const woken = new Promise<void>((resolve) => {
        this.#progressed = resolve;
      });
      const pause = new AbortController();
      await Promise.race([
        woken,
        delay(error.pauseMs, undefined, { signal: pause.signal }).catch(() => {}),
      ]);
      pause.abort();
      this.#progressed = undefined;
      return;
    }
    if (error instanceof ConfigurationError) throw error;
    const failure = connectionFailureOf(error);
    if (failure.kind === 'slot-in-use') {
      const report = attempt === 1 ? logger.info : logger.debug;
      report.call(logger, { slot }, 'standing by: another relay streams the slot');
      await delay(STANDBY_MS, undefined, { signal }).catch(() => {});
      return;
    }
    if (failure.kind !== 'lost') {
      // A slot or publication that was lost between the look and the start is a loss like
      // any other, which the next look repairs. Everything else is for a person.
      const verdict = await this.#lookAgain();
      if (verdict !== undefined && verdict.kind !== 'lost') throw refusalOf(error);
    }
    const waitMs = fullJitter(reconnect, attempt);
    logger.warn({ slot, reason: reasonOf(error), waitMs }, 'the stream is down; connecting again');
    await delay(waitMs, undefined, { signal }).catch(() => {});
  }
}

/** Turns a known refusal into the sentence for it, leaves everything else as it is. */
function refusalOf(error: unknown): unknown {
  const failure = connectionFailureOf(error);
  return failure.kind === 'refused' ? new ConfigurationError(failure.sentence) : error;
}
