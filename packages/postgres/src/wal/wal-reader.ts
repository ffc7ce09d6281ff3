import { setTimeout as delay } from 'node:timers/promises';
import { fullJitter } from '@tidings/contract';
import {
  type ChangeGroup,
  type Checkpoint,
  ConfigurationError,
  type Logger,
  reasonOf,
  silentLogger,
  TakenOver,
} from '@tidings/relay';
import type pg from 'pg';
import {
  advanceCheckpoint,
  noteFingerprint,
  storeRecoveryPlace,
  writeCheckpoint,
} from '../checkpoint-store.ts';
import { asRefusal, connectionFailureOf } from '../connection-failure.ts';
import { ConnectionLost } from '../connection-lost.ts';
import { abandonIncidents, closeIncident } from '../incident-store.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import { SqlSession } from '../sql-session.ts';
import { refuseTransactionPooler } from '../transaction-pooler.ts';
import { GroupQueue } from './group-queue.ts';
import { Heartbeats } from './heartbeats.ts';
import { isFingerprint, keepFingerprint, owedPartitions } from './publication-fingerprint.ts';
import { BacklogProgress } from './read-backlog.ts';
import { ReadingState } from './reading-state.ts';
import { queueEndOfRepair, recoverSlot } from './recover-slot.ts';
import {
  parsePagePosition,
  parseRecoveryPosition,
  type RecoveryPosition,
} from './recovery-position.ts';
import { SilentStream } from './silent-stream.ts';
import { judgeSlot, type SlotVerdict } from './slot-guard.ts';
import { type LeaseHolder, SlotLease } from './slot-lease.ts';
import { observeSlot, type SlotObservation } from './slot-observation.ts';
import { StalledStream } from './stalled-stream.ts';
import { StandBy } from './stand-by.ts';
import { watchStream } from './stream-watch.ts';
import { verifyReplication } from './verify-replication.ts';
import type { WalLayout } from './wal-layout.ts';
import { WAL_SENDER_TIMEOUT_MS, type WalSettings } from './wal-options.ts';
import { parseWalPosition } from './wal-position.ts';
import { openWalStream, type WalStream } from './wal-stream.ts';

/** How soon a lost connection is tried again. */
const reconnect = { baseMs: 100, capMs: 5_000 };
/** How long a relay that gave its slot away leaves it to another at least. */
const YIELD_MS = 1_000;
/** How often a relay that waits for the bus looks whether another waits for the slot. */
const PARKED_LOOK_MS = 1_000;
/** How often a reading that lost its lease looks whether it has it again. */
const LEASE_LOOK_MS = 50;
/** A look at a busy server may take as long, however soon a silent stream is given up. */
const LEAST_USE_MS = 2_000;
/** How often a wait is reported. */
const SAY_EVERY_MS = 10_000;
/** The longest silence of the server that is borne without a sign of work. */
const MAX_PATIENCE_MS = 600_000;

/**
 * Keeps one slot streaming. Longer than most files because it is the one place where a
 * stream's state changes; what can be decided without state stands elsewhere (slot-guard,
 * recover-slot, stream-watch, transaction-assembler).
 *
 *   stand by --lease--> observe --ready--> stream --lost connection--> stand by
 *   observe --lost---> repair ------------------> observe
 *   observe --refused-> end
 *   stream --no event settled for long--> parked --one is settled, or time--> observe
 *   parked --another relay waits--> end of this reading (`TakenOver`)
 *   lease lost to another relay --> end of this reading (`TakenOver`)
 */
export class WalReader<Change> {
  readonly #settings: WalSettings;
  readonly #layout: WalLayout<Change>;
  readonly #sql: SqlSession;
  readonly #lease: SlotLease;
  #queue = new GroupQueue<Change>();
  #state = new ReadingState(() => performance.now());
  #heartbeats = new Heartbeats();
  #backlog = new BacklogProgress(0);
  /** Ends the recovery that is under way. */
  #recovery: AbortController | undefined;
  #logger: Logger = silentLogger;
  #stream: WalStream | undefined;
  #connecting: Promise<WalStream> | undefined;
  #progressed: (() => void) | undefined;
  /** Milliseconds since 1970, by the server's clock. */
  #bookmarkTakenAt: number | undefined;
  #patienceMs: number;
  #gaveWay = false;
  /** How often it gave way since something was settled: two relays must not take turns. */
  #timesGivenWay = 0;
  /** True from when nobody else can have gone on, until the stream ends. */
  #held = false;
  #draining = false;

  constructor(settings: WalSettings, layout: WalLayout<Change>) {
    this.#settings = settings;
    this.#layout = layout;
    this.#patienceMs = settings.heartbeatTimeoutMs;
    this.#sql = new SqlSession(
      settings.connection,
      () => this.#leaveServer(),
      Math.max(settings.heartbeatTimeoutMs, LEAST_USE_MS),
      { needsSession: `slot "${settings.slot}"` },
    );
    this.#lease = new SlotLease(this.#sql, settings.slot);
  }

  async verify(): Promise<void> {
    try {
      await this.#refusePooler();
      await verifyReplication(this.#settings);
      const { verdict } = await this.#observe(this.#sql);
      if (verdict.kind === 'refused') throw new ConfigurationError(verdict.sentence);
      if (verdict.kind === 'ready') await this.#prepare();
    } catch (error) {
      throw asRefusal(this.#settings.target, error);
    }
  }

  async *read(
    signal: AbortSignal,
    logger: Logger,
  ): AsyncGenerator<readonly ChangeGroup<Change>[], void, undefined> {
    this.#logger = logger;
    if (signal.aborted) return;
    // Each reading begins at the checkpoint; what an earlier one read is not of its history.
    this.#state = new ReadingState(() => performance.now(), this.#state.epoch + 1);
    this.#heartbeats = new Heartbeats();
    this.#backlog = new BacklogProgress(this.#state.epoch);
    const queue = new GroupQueue<Change>();
    this.#queue = queue;
    const stop = (): void => this.#stopReading();
    signal.addEventListener('abort', stop, { once: true });
    this.#keepStreaming(signal).then(
      () => queue.end(),
      (error: unknown) => queue.end(error as Error),
    );
    try {
      for (;;) {
        const groups = await queue.take();
        if (groups === undefined) return;
        await this.#untilHeld(queue);
        if (!queue.ended) yield groups;
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async confirm(checkpoint: Checkpoint): Promise<void> {
    const recovery = parseRecoveryPosition(checkpoint);
    if (recovery !== undefined) return this.#remember(recovery);
    const reading = parsePagePosition(checkpoint);
    if (reading !== undefined) {
      if (reading === this.#backlog.reading) this.#noteProgress();
      return;
    }
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
    this.#timesGivenWay = 0;
    this.#progressed?.();
  }

  async close(): Promise<void> {
    this.#lease.stop();
    // A connection that is on its way must not outlive the source.
    const open = await this.#connecting?.catch(() => undefined);
    await open?.close();
    this.#stream = undefined;
    await this.#sql.close();
  }

  /**
   * Resolves once the lease is held for certain: a process that was frozen may have lost it,
   * and what it read be another relay's. Where it is lost for good the queue has ended.
   */
  async #untilHeld(queue: GroupQueue<Change>): Promise<void> {
    while (!queue.ended) {
      if (this.#held) {
        try {
          await this.#lease.confirmHeld();
          return;
        } catch (error) {
          // Makes the reading take the lease again, or end.
          this.#stream?.destroy();
          this.#recovery?.abort(error);
        }
      }
      await delay(LEASE_LOOK_MS);
    }
  }

  #stopReading(): void {
    this.#draining = true;
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

  async #observe(
    session: Pick<SqlSession, 'use'> = this.#lease,
  ): Promise<{ seen: SlotObservation; verdict: SlotVerdict }> {
    const { slot, publication } = this.#settings;
    const { tables, operations } = this.#layout;
    const { readTo } = this.#state;
    const seen = await session.use((client) => observeSlot(client, slot, publication, tables));
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
      const { kind } = connectionFailureOf(error);
      if (kind === 'lost' || kind === 'transient') return undefined;
      throw refusalOf(error);
    }
  }

  #refusePooler(): Promise<void> {
    const { connection, slot } = this.#settings;
    return this.#sql.use((client) => refuseTransactionPooler(client, connection, `slot "${slot}"`));
  }

  #prepare(): Promise<void> {
    const { publication } = this.#settings;
    return this.#sql.use(async (client) => this.#layout.prepare?.(client, publication));
  }

  /** Keeps a stream open until reading stops. @throws what a person must decide. */
  async #keepStreaming(signal: AbortSignal): Promise<void> {
    const standBy = new StandBy(this.#settings.slot, this.#logger);
    let before = false;
    let direct = false;
    if (this.#gaveWay) await delay(YIELD_MS, undefined, { signal }).catch(() => {});
    this.#gaveWay = false;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        // A lease that a pooler took would stay behind in the pool.
        if (!direct) await this.#refusePooler();
        direct = true;
        const holder = await this.#lease.acquire();
        if (holder !== undefined) {
          if (before) throw new TakenOver(`backend ${holder.pid} of another relay has the slot`);
          await standBy.wait(holder, signal);
          continue;
        }
        const { seen, verdict } = await this.#observe();
        if (!before)
          this.#state.apply({ kind: 'claimed', lsn: seen.checkpoint?.acknowledged ?? 0n });
        if (this.#state.isOvertakenBy(seen.checkpoint)) {
          throw new TakenOver('another relay had the slot meanwhile, and went on');
        }
        before = true;
        this.#held = true;
        if (verdict.kind === 'refused') throw new ConfigurationError(verdict.sentence);
        if (verdict.kind === 'lost') {
          await this.#repair(verdict, seen, signal);
          attempt = 0;
          continue;
        }
        await this.#streamFrom(verdict, seen, signal, () => {
          attempt = 0;
          standBy.end();
        });
      } catch (error) {
        this.#stream?.destroy();
        if (signal.aborted) return;
        this.#held = false;
        this.#stream = undefined;
        await this.#recover(error, attempt, standBy, signal);
      }
    }
  }

  async #streamFrom(
    verdict: Extract<SlotVerdict, { kind: 'ready' }>,
    seen: SlotObservation,
    signal: AbortSignal,
    onProgress: () => void,
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
    const progressed = (): void => {
      this.#patienceMs = settings.heartbeatTimeoutMs;
      onProgress();
    };
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
      queue: this.#queue,
      admit: () => this.#admit(),
      statusIntervalMs: WAL_SENDER_TIMEOUT_MS / 3,
      onHandOver: (position) => {
        this.#state.apply({ kind: 'handed-over', epoch, position });
        if (position.lsn > resume.lsn || position.records > resume.records) progressed();
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
    const watch = watchStream({
      settings,
      tables: this.#layout.tables,
      backfill: this.#layout.backfill,
      sql: this.#lease,
      patienceMs: this.#patienceMs,
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
      const { fingerprint: kept, bookmark } = checkpoint;
      if (fingerprint === undefined || isFingerprint(kept, fingerprint)) return;
      const next = keepFingerprint(kept, fingerprint, bookmark?.snapshot, owedPartitions(kept));
      await this.#lease.use((client) => noteFingerprint(client, slot, kept, next));
      return;
    }
    const abandoned = await this.#lease.use(async (client) => {
      const incidents = await abandonIncidents(client, slot);
      await writeCheckpoint(client, slot, {
        systemIdentifier: server.systemIdentifier,
        timeline: server.timeline,
        acknowledged: verdict.from,
        bookmark: undefined,
        fingerprint,
      });
      return incidents;
    });
    for (const incident of abandoned) {
      this.#logger.warn(
        { slot, incident },
        'the slot has no checkpoint any more and is streamed from where it stands; its incident is closed',
      );
    }
  }

  async #repair(
    verdict: Extract<SlotVerdict, { kind: 'lost' }>,
    seen: SlotObservation,
    signal: AbortSignal,
  ): Promise<void> {
    const recovery = new AbortController();
    this.#recovery = recovery;
    const healing = await recoverSlot({
      settings: this.#settings,
      layout: this.#layout,
      loss: verdict.loss,
      explanation: verdict.explanation,
      seen,
      sql: this.#lease,
      queue: this.#queue,
      progress: this.#backlog,
      logger: this.#logger,
      signal: AbortSignal.any([signal, recovery.signal]),
    });
    this.#state.apply({ kind: 'recovered', healing });
    this.#heartbeats.clear();
    queueEndOfRepair(this.#queue, this.#state.epoch, healing);
  }

  /**
   * Runs `work` as the holder of the lease. A relay that drains has nobody who takes the
   * lease again for its last checkpoint, so it does that here.
   */
  async #asHolder<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    try {
      return await this.#lease.use(work);
    } catch (error) {
      const lost = connectionFailureOf(error).kind === 'lost';
      if (!this.#draining || !lost || (await this.#lease.acquire()) !== undefined) throw error;
      return this.#lease.use(work);
    }
  }

  /** Writes a checkpoint at `lsn`, with what it completes: a bookmark, or a repair. */
  async #store(lsn: Lsn): Promise<void> {
    const { slot } = this.#settings;
    // Of the history that `lsn` belongs to: the server may be another by the time that the
    // statement reaches it.
    const { epoch, healing, timeline = 0 } = this.#state;
    this.#state.apply({ kind: 'claimed', lsn });
    if (healing !== undefined && lsn >= healing.to) {
      await this.#asHolder(async (client) => {
        const { publication } = this.#settings;
        const { tables } = this.#layout;
        const { server, slot: now } = await observeSlot(client, slot, publication, tables);
        const another = server.timeline !== timeline;
        if (another || now?.confirmed === undefined || now.confirmed > healing.to) {
          // A look tells what to do next.
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
        } catch (error) {
          await client.query('rollback').catch(() => {});
          throw error;
        }
      });
      this.#state.apply({ kind: 'confirmed', epoch, lsn, recovered: true });
      const { incident, republished, missing } = healing;
      const fields = { slot, incident, republished, missing };
      if (missing === undefined || missing.count === 0) {
        this.#logger.info(fields, 'the slot is healed');
      } else {
        this.#logger.warn(
          fields,
          `the slot is healed as far as there are rows: ${missing.count} ids above ` +
            `${missing.after}, up to ${missing.through}, have no row; their transactions rolled ` +
            'back, or somebody removed the rows, and then their events are lost',
        );
      }
      return;
    }
    const bookmark = this.#heartbeats.validAt(lsn);
    await this.#asHolder((client) => advanceCheckpoint(client, slot, lsn, bookmark, timeline));
    this.#state.apply({ kind: 'confirmed', epoch, lsn, recovered: false });
    if (bookmark === undefined) return;
    this.#heartbeats.adopted(bookmark);
    this.#bookmarkTakenAt = Date.parse(bookmark.at);
  }

  /** Remembers how far a recovery has published. */
  async #remember(place: RecoveryPosition): Promise<void> {
    // Of an earlier reading, or of a server that another one has taken over from.
    if (place.reading !== this.#backlog.reading || place.timeline !== this.#state.timeline) return;
    const { slot } = this.#settings;
    await this.#asHolder((client) => storeRecoveryPlace(client, slot, place));
    this.#noteProgress();
  }

  /** Something was settled that moves no checkpoint. */
  #noteProgress(): void {
    const { epoch, stored: lsn } = this.#state;
    this.#state.apply({ kind: 'confirmed', epoch, lsn, recovered: false });
    this.#timesGivenWay = 0;
    this.#progressed?.();
  }

  /** Waits as the failure demands. @throws it where waiting does not help. */
  async #recover(
    error: unknown,
    attempt: number,
    standBy: StandBy,
    signal: AbortSignal,
  ): Promise<void> {
    const { slot } = this.#settings;
    const logger = this.#logger;
    if (error instanceof ConfigurationError || error instanceof TakenOver) throw error;
    if (error instanceof StalledStream) return this.#park(error, signal);
    const failure = connectionFailureOf(error);
    if (failure.kind === 'slot-in-use') {
      return standBy.wait(await this.#endStaleStream().catch(() => undefined), signal);
    }
    if (error instanceof SilentStream) {
      this.#patienceMs = Math.min(this.#patienceMs * 2, MAX_PATIENCE_MS);
    }
    if (failure.kind !== 'lost' && failure.kind !== 'transient') {
      // A slot or publication that was lost between the look and the start is a loss like
      // any other, which the next look repairs.
      const verdict = await this.#lookAgain();
      if (verdict?.kind === 'lost' && attempt === 1) return;
      if (verdict?.kind !== 'lost' && failure.kind === 'refused') throw refusalOf(error);
    }
    const waitMs = fullJitter(reconnect, attempt);
    const report = failure.kind === 'lost' ? logger.warn : logger.error;
    report.call(
      logger,
      { slot, reason: reasonOf(error), attempt, waitMs },
      'the stream is down; connecting again',
    );
    await delay(waitMs, undefined, { signal }).catch(() => {});
  }

  /**
   * Waits for the bus without a stream, until something is settled or it is time to look at
   * the server.
   * @throws TakenOver when another relay waits for the slot: it may reach the bus.
   */
  async #park(stalled: StalledStream, signal: AbortSignal): Promise<void> {
    const { slot, stallTimeoutMs } = this.#settings;
    const until = performance.now() + stalled.pauseMs;
    const giveWayAfterMs = Math.min(stallTimeoutMs * 2 ** this.#timesGivenWay, MAX_PATIENCE_MS);
    let saidAt = Number.NEGATIVE_INFINITY;
    // What was settled since the look has woken nobody: so each round asks first.
    while (!signal.aborted && this.#state.stalledForMs > 0 && performance.now() < until) {
      if (performance.now() - saidAt > SAY_EVERY_MS) {
        saidAt = performance.now();
        const stalledForMs = Math.round(this.#state.stalledForMs);
        this.#logger.error({ slot, stalledForMs }, stalled.message);
      }
      const wanted = await this.#lease.wanted().catch(() => undefined);
      // Without its session the lease is gone: the next look takes it again, or tells who has it.
      if (wanted === undefined) return;
      if (wanted && this.#state.stalledForMs >= giveWayAfterMs) {
        await this.#lease.release();
        this.#gaveWay = true;
        this.#timesGivenWay += 1;
        throw new TakenOver('another relay waits for the slot and may reach the bus');
      }
      const pause = new AbortController();
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#progressed = resolve;
        }),
        delay(PARKED_LOOK_MS, undefined, { signal: pause.signal }).catch(() => {}),
      ]);
      pause.abort();
      this.#progressed = undefined;
    }
  }

  /**
   * Tells who streams the slot although this relay has its lease. A stream of Tidings' own
   * is of a relay that is frozen or cut off; it is ended where the role may.
   */
  async #endStaleStream(): Promise<LeaseHolder | undefined> {
    const { slot, textConnection } = this.#settings;
    return this.#lease.use(async (client) => {
      const { rows } = await client.query<LeaseHolder>(
        `select a.pid, a.application_name as application, host(a.client_addr) as address
         from pg_replication_slots s join pg_stat_activity a on a.pid = s.active_pid
         where s.slot_name = $1`,
        [slot],
      );
      const [streamer] = rows;
      if (streamer?.application === textConnection.application_name) {
        await client.query('select pg_terminate_backend($1)', [streamer?.pid]).catch(() => {});
      }
      return streamer;
    });
  }
}

/** Turns a known refusal into the sentence for it, leaves everything else as it is. */
function refusalOf(error: unknown): unknown {
  const failure = connectionFailureOf(error);
  return failure.kind === 'refused' ? new ConfigurationError(failure.sentence) : error;
}
