import { type Logger, reasonOf } from '@tidings/relay';
import { connectionFailureOf } from '../connection-failure.ts';
import { ConnectionLost } from '../connection-lost.ts';
import type { SqlSession } from '../sql-session.ts';
import type { Heartbeats } from './heartbeats.ts';
import type { ReadingState } from './reading-state.ts';
import type { SlotVerdict } from './slot-guard.ts';
import { emitHeartbeat, type SlotObservation } from './slot-observation.ts';
import { slotWarnings } from './slot-warnings.ts';
import { StalledStream } from './stalled-stream.ts';
import type { Backfill, TableName } from './wal-layout.ts';
import type { WalSettings } from './wal-options.ts';
import type { WalStream } from './wal-stream.ts';

/** What is watched, and what the reader knows of it. */
export interface WatchRequest {
  readonly settings: WalSettings;
  readonly tables: readonly TableName[];
  readonly backfill: readonly Pick<Backfill<never>, 'query' | 'countable'>[] | undefined;
  readonly sql: SqlSession;
  readonly stream: WalStream;
  readonly logger: Logger;
  readonly observe: () => Promise<{ seen: SlotObservation; verdict: SlotVerdict }>;
  readonly state: ReadingState;
  readonly heartbeats: Heartbeats;
  /** When the last heartbeat came back, 0 before the first. */
  readonly heartbeatReturnedAt: () => number;
  readonly bookmarkTakenAt: () => number | undefined;
}

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
  let progress = { lsn: stream.received, at: Date.now() };
  let warned = new Set<string>();

  function checkStall(): boolean {
    const stalledForMs = request.state.stalledForMs;
    if (stalledForMs <= settings.stallTimeoutMs) return false;
    stream.destroy(new StalledStream(stalledForMs, idleSlotTimeoutMs));
    return true;
  }

  /** A connection may live while nothing comes through it any more. */
  function checkHeartbeat(): boolean {
    const lsn = stream.received;
    if (lsn !== progress.lsn || stream.blocked) progress = { lsn, at: Date.now() };
    if (oldestUnanswered !== undefined && request.heartbeatReturnedAt() >= oldestUnanswered) {
      oldestUnanswered = undefined;
    }
    const silentSince = Math.max(oldestUnanswered ?? Number.POSITIVE_INFINITY, progress.at);
    if (Date.now() - silentSince <= settings.heartbeatTimeoutMs) return false;
    const sentence = `no heartbeat came back in ${settings.heartbeatTimeoutMs} ms`;
    logger.error({ slot }, 'the stream is silent although its connection lives; opening another');
    stream.destroy(new ConnectionLost(sentence));
    return true;
  }

  /** Counts what no bookmark covers, but only while the log says that it may be much. */
  async function countOpenRows(seen: SlotObservation): Promise<number | undefined> {
    const backfill = request.backfill?.filter(({ countable }) => countable);
    const bookmark = seen.checkpoint?.bookmark;
    if (!backfill?.length || bookmark === undefined) return undefined;
    const limit = settings.warnings.lagEvents + 1;
    if ((seen.server.flushed ?? 0n) - request.state.stored < BigInt(limit) * LEAST_BYTES_A_ROW)
      return 0;
    let open = 0;
    for (const { query } of backfill) {
      const { rows } = await sql.use((client) =>
        client.query<{ open: number }>(
          `select count(*)::int as open from (${query(bookmark)} limit ${limit}) as open_rows`,
        ),
      );
      open += rows[0]?.open ?? 0;
    }
    return open;
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
    if (stopped || checkStall() || checkHeartbeat() || busy) return;
    busy = true;
    oldestUnanswered ??= Date.now();
    try {
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
