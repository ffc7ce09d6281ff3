import { type Logger, reasonOf } from '@tidings/relay';
import { connectionFailureOf } from '../connection-failure.ts';
import type { SqlSession } from '../sql-session.ts';
import type { Heartbeats } from './heartbeats.ts';
import type { ReadingState } from './reading-state.ts';
import { SilentStream } from './silent-stream.ts';
import type { SlotVerdict } from './slot-guard.ts';
import { emitHeartbeat, type SlotObservation } from './slot-observation.ts';
import { slotWarnings } from './slot-warnings.ts';
import { StalledStream } from './stalled-stream.ts';
import type { OutboxBackfill, TableName, TablesBackfill } from './wal-layout.ts';
import type { WalSettings } from './wal-options.ts';
import type { WalStream } from './wal-stream.ts';
import { observeWalsender, type WalsenderWork } from './walsender-work.ts';

/** What is watched, and what the reader knows of it. */
export interface WatchRequest {
  readonly settings: WalSettings;
  readonly tables: readonly TableName[];
  readonly backfill:
    | Pick<OutboxBackfill<never>, 'kind' | 'countQuery'>
    | Pick<TablesBackfill<never>, 'kind'>
    | undefined;
  readonly sql: Pick<SqlSession, 'use'>;
  readonly stream: WalStream;
  readonly logger: Logger;
  readonly observe: () => Promise<{ seen: SlotObservation; verdict: SlotVerdict }>;
  readonly state: ReadingState;
  readonly heartbeats: Heartbeats;
  /** When the last heartbeat came back, 0 before the first. */
  readonly heartbeatReturnedAt: () => number;
  readonly bookmarkTakenAt: () => number | undefined;
  /** How long a silence without any sign of work is borne, milliseconds. */
  readonly patienceMs: number;
}

/** How often a wait is reported, milliseconds. */
const SAY_EVERY_MS = 10_000;
/** No row of an outbox takes less of the log. */
const LEAST_BYTES_A_ROW = 100n;

/**
 * Looks at the slot and sends a heartbeat, at once and at intervals. It ends the stream
 * when the slot is no longer what it was, when heartbeats do not come back, or when the
 * bus takes nothing for long; what to do then is found out by looking again.
 */
export function watchStream(request: WatchRequest): { stop(): void } {
  const { settings, tables, sql, stream, logger } = request;
  const { slot } = settings;
  let stopped = false;
  let busy = false;
  let idleSlotTimeoutMs = 0;
  let oldestUnanswered: number | undefined;
  let workSeen: { readonly progress: string | undefined; readonly at: number } | undefined;
  let moved = { readTo: request.state.readTo, at: Date.now() };
  let saidAt = 0;
  let warned = new Set<string>();

  function checkStall(): boolean {
    const stalledForMs = request.state.stalledForMs;
    if (stalledForMs <= settings.stallTimeoutMs) return false;
    stream.destroy(new StalledStream(stalledForMs, idleSlotTimeoutMs));
    return true;
  }

  /**
   * A connection may live while nothing comes through it any more. Any sign of the server's
   * work is life: it sends nothing while it decodes a large transaction, also one of tables
   * that nobody publishes. Whoever shows none for `patienceMs` is given up.
   */
  async function checkSilence(): Promise<boolean> {
    if (oldestUnanswered !== undefined && request.heartbeatReturnedAt() >= oldestUnanswered) {
      oldestUnanswered = undefined;
    }
    const unansweredForMs = oldestUnanswered === undefined ? 0 : Date.now() - oldestUnanswered;
    const silentForMs = Math.min(unansweredForMs, stream.silentForMs);
    if (silentForMs <= settings.heartbeatTimeoutMs) {
      workSeen = undefined;
      const { readTo } = request.state;
      if (readTo !== moved.readTo || stream.silentForMs === 0) moved = { readTo, at: Date.now() };
      const waitedForMs = Math.min(unansweredForMs, Date.now() - moved.at);
      if (waitedForMs > SAY_EVERY_MS) sayWaiting(waitedForMs, undefined);
      return false;
    }
    const work = await workOf();
    const wentOn = work?.working === true && work.progress !== workSeen?.progress;
    if (workSeen === undefined || wentOn) workSeen = { progress: work?.progress, at: Date.now() };
    // One that works without a count that grows is believed for ten times as long.
    const patience = request.patienceMs * (work?.working === true ? 10 : 1);
    const idleForMs = work?.working === true ? Date.now() - workSeen.at : silentForMs;
    if (idleForMs <= patience) {
      sayWaiting(silentForMs, work);
      return false;
    }
    logger.error(
      { slot, silentForMs: Math.round(silentForMs), walsender: work?.doing },
      'the stream is silent although its connection lives; opening another',
    );
    stream.destroy(new SilentStream(`no heartbeat came back in ${Math.round(silentForMs)} ms`));
    return true;
  }

  /** Undefined where the server does not say: then silence is what counts. */
  async function workOf(): Promise<WalsenderWork | undefined> {
    const { backendPid } = stream;
    if (backendPid === undefined) return undefined;
    try {
      return await sql.use((client) => observeWalsender(client, slot, backendPid));
    } catch {
      return undefined;
    }
  }

  function sayWaiting(waitedForMs: number, work: WalsenderWork | undefined): void {
    if (Date.now() - saidAt < SAY_EVERY_MS) return;
    saidAt = Date.now();
    logger.warn(
      { slot, waitedForMs: Math.round(waitedForMs), walsender: work?.doing },
      'waiting for the server, which has not come to the last heartbeat: it decodes what was ' +
        'written before, also a large transaction of tables that are not published',
    );
  }

  /** Counts what no bookmark covers, but only while the log says that it may be much. */
  async function countOpenRows(seen: SlotObservation): Promise<number | undefined> {
    const { backfill } = request;
    const bookmark = seen.checkpoint?.bookmark;
    if (backfill?.kind !== 'outbox' || bookmark === undefined) return undefined;
    const limit = settings.warnings.lagEvents + 1;
    if ((seen.server.flushed ?? 0n) - request.state.stored < BigInt(limit) * LEAST_BYTES_A_ROW)
      return 0;
    const { rows } = await sql.use((client) =>
      client.query<{ open: number }>(
        `select count(*)::int as open
         from (${backfill.countQuery(bookmark)} limit ${limit}) as open_rows`,
      ),
    );
    return rows[0]?.open ?? 0;
  }

  function reportWarnings(seen: SlotObservation, openRows: number | undefined): void {
    const takenAt = request.bookmarkTakenAt();
    const warnings = slotWarnings(
      seen,
      {
        slot,
        ownPid: stream.backendPid,
        acknowledged: request.state.stored,
        bookmarkAgeSeconds: takenAt === undefined ? undefined : (Date.now() - takenAt) / 1000,
        openRows,
      },
      settings.warnings,
    );
    for (const { code, sentence } of warnings) {
      if (!warned.has(code)) logger.warn({ slot, code }, sentence);
    }
    warned = new Set(warnings.map(({ code }) => code));
  }

  async function look(): Promise<void> {
    // Judged by the clock alone: a look that gets no answer must not hold it up.
    if (stopped || checkStall() || busy) return;
    busy = true;
    try {
      if (await checkSilence()) return;
      oldestUnanswered ??= Date.now();
      const { seen, verdict } = await request.observe();
      idleSlotTimeoutMs = seen.server.idleSlotTimeoutMs;
      if (verdict.kind !== 'ready') {
        stream.destroy();
        return;
      }
      reportWarnings(seen, await countOpenRows(seen));
      const { heartbeatPrefix, publication } = settings;
      const published = await request.heartbeats.send((name) =>
        sql.use((client) => emitHeartbeat(client, heartbeatPrefix, name, publication, tables)),
      );
      // The next look finds the loss.
      if (!published) stream.destroy();
    } catch (error) {
      logger.debug({ slot, reason: reasonOf(error) }, 'could not look at the slot');
      if (connectionFailureOf(error).kind === 'lost') stream.destroy();
    } finally {
      busy = false;
    }
  }

  const timer = setInterval(() => void look(), settings.heartbeatIntervalMs);
  void look();
  return {
    stop(): void {
      stopped = true;
      clearInterval(timer);
    },
  };
}
