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
import { advanceCheckpoint, noteFingerprint, writeCheckpoint } from '../checkpoint-store.ts';
import { connectionFailureOf, unreachableSentence } from '../connection-failure.ts';
import { ConnectionLost } from '../connection-lost.ts';
import { closeIncident } from '../incident-store.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import { SqlSession } from '../sql-session.ts';
import { GroupQueue } from './group-queue.ts';
import { Heartbeats } from './heartbeats.ts';
import { ReadingState } from './reading-state.ts';
import { giveRepairRightBack, takeRepairRight } from './repair-lock.ts';
import { judgeSlot, type SlotVerdict } from './slot-guard.ts';
import { queueEndOfRepair, repairSlotLoss } from './slot-loss-repair.ts';
import { observeSlot, type SlotObservation } from './slot-observation.ts';
import { StalledStream } from './stalled-stream.ts';
import { watchStream } from './stream-watch.ts';
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
  readonly #state = new ReadingState(() => performance.now());
  readonly #heartbeats = new Heartbeats();
  #logger: Logger = silentLogger;
  #stream: WalStream | undefined;
  #connecting: Promise<WalStream> | undefined;
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
    if (epoch !== this.#state.epoch || lsn <= this.#state.stored) return;
    try {
      await this.#store(lsn);
    } catch (error) {
      if (connectionFailureOf(error).kind === 'lost') this.#leaveServer();
      throw error;
    }
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
    const { readTo } = this.#state;
    const seen = await this.#sql.use((client) => observeSlot(client, slot, publication, tables));
    if (this.#state.apply({ kind: 'inspected', seen, readTo })) this.#heartbeats.clear();
    const verdict = judgeSlot(seen, {
      slot,
      publication,
      tables,
      operations,
      healedTo: this.#state.healing?.to,
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
    this.#state.apply({ kind: 'opened', stored: seen.checkpoint?.acknowledged ?? verdict.from });
    this.#heartbeats.expect(seen.publication?.fingerprint);
    const { epoch } = this.#state;
    const resume = this.#state.resumeFrom(verdict.from);
    let heartbeatReturnedAt = 0;
    this.#connecting = openWalStream({
      connection: settings.textConnection,
      slot: settings.slot,
      publication: settings.publication,
      silenceMs: settings.heartbeatTimeoutMs,
      layout: this.#layout,
      heartbeatPrefix: settings.heartbeatPrefix,
      epoch,
      resume,
      durable: verdict.from,
      localOriginOnly: seen.server.version >= 160000,
      queue: this.#queue,
      admit: () => this.#admit(),
      statusIntervalMs: WAL_SENDER_TIMEOUT_MS / 3,
      onHandOver: (position) => {
        this.#state.apply({ kind: 'handed-over', epoch, position });
      },
      onHeartbeat: (heartbeat) => {
        if (this.#heartbeats.note(heartbeat)) heartbeatReturnedAt = Date.now();
        else this.#reportForeignHeartbeats();
      },
    });
    const stream = await this.#connecting;
    this.#stream = stream;
    if (signal.aborted) stream.stopReading();
    logger.info({ slot: settings.slot, from: formatLsn(resume.lsn) }, 'streaming');
    onOpen();
    const watch = watchStream({
      settings,
      tables: this.#layout.tables,
      backfill: this.#layout.backfill,
      sql: this.#sql,
      stream,
      logger,
      observe: () => this.#observe(),
      state: this.#state,
      heartbeats: this.#heartbeats,
      heartbeatReturnedAt: () => heartbeatReturnedAt,
      bookmarkTakenAt: () => this.#bookmarkTakenAt,
    });
    try {
      await stream.ended;
      throw new ConnectionLost('the server ended the stream');
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
    const { epoch } = this.#state;
    const { verdict } = await this.#observe();
    if (verdict.kind !== 'ready' || epoch !== this.#state.epoch) {
      throw new ConnectionLost('the slot changed while the stream began');
    }
  }

  /** Says so once a process: an earlier relay's may come back too, at every start. */
  #reportForeignHeartbeats(): void {
    if (this.#heartbeats.foreign !== 1) return;
    const { slot, heartbeatPrefix: prefix } = this.#settings;
    this.#logger.info(
      { slot, prefix },
      'a logical message under the prefix of this slot’s heartbeats is not of this relay; ignored',
    );
  }

  /** Writes the first checkpoint, or the publication as it has become without a loss. */
  async #noteStart(
    verdict: Extract<SlotVerdict, { kind: 'ready' }>,
    { server, checkpoint, publication }: SlotObservation,
  ): Promise<void> {
    const { slot } = this.#settings;
    const fingerprint = publication?.fingerprint;
    if (checkpoint !== undefined) {
      if (checkpoint.fingerprint === fingerprint || this.#state.healing !== undefined) return;
      await this.#sql.use((client) =>
        noteFingerprint(client, slot, checkpoint.fingerprint, fingerprint),
      );
      return;
    }
    await this.#sql.use((client) =>
      writeCheckpoint(client, slot, {
        systemIdentifier: server.systemIdentifier,
        timeline: server.timeline,
        acknowledged: verdict.from,
        bookmark: undefined,
        fingerprint,
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
    this.#state.apply({ kind: 'recovered', healing });
    this.#heartbeats.clear();
    queueEndOfRepair(this.#queue, this.#state.epoch, healing);
  }

  /** Writes a checkpoint at `lsn`, with what it completes: a bookmark, or a repair. */
  async #store(lsn: Lsn): Promise<void> {
    const { slot } = this.#settings;
    // Of the history that `lsn` belongs to: the server may be another by the time that the
    // statement reaches it.
    const { epoch, healing, timeline = 0 } = this.#state;
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
      this.#state.apply({ kind: 'confirmed', epoch, lsn, recovered: true });
      const { incident, republished } = healing;
      this.#logger.info({ slot, incident, republished }, 'the slot is healed');
      return;
    }
    const bookmark = this.#heartbeats.validAt(lsn);
    await this.#sql.use((client) => advanceCheckpoint(client, slot, lsn, bookmark, timeline));
    this.#state.apply({ kind: 'confirmed', epoch, lsn, recovered: false });
    if (bookmark === undefined) return;
    this.#heartbeats.adopted(bookmark);
    this.#bookmarkTakenAt = Date.parse(bookmark.at);
  }

  /** Waits as the failure demands. @throws it where waiting does not help. */
  async #recover(error: unknown, attempt: number, signal: AbortSignal): Promise<void> {
    const { slot } = this.#settings;
    const logger = this.#logger;
    if (error instanceof StalledStream) {
      logger.error({ slot, stalledForMs: error.stalledForMs }, error.message);
      // What was settled since the look has woken nobody.
      if (this.#state.stalledForMs === 0) return;
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
