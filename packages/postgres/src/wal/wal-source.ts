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
import type pg from 'pg';
import { advanceCheckpoint } from '../checkpoint-store.ts';
import { connectionFailureOf, unreachableSentence } from '../connection-failure.ts';
import { formatLsn, type Lsn, parseLsn } from '../lsn.ts';
import { type OutboxRow, sealedEventOf } from '../outbox-row.ts';
import { SqlSession } from '../sql-session.ts';
import { GroupQueue } from './group-queue.ts';
import { checkSlot, type SlotReadiness } from './slot-check.ts';
import type { ReadPosition } from './transaction-assembler.ts';
import { resolveWalOptions, type WalSourceOptions } from './wal-options.ts';
import { openWalStream, type WalStream } from './wal-stream.ts';

/** How soon a lost connection is tried again. */
const reconnect = { baseMs: 100, capMs: 5_000 };
/** A new stream may find the slot held by the connection that was just lost. */
const slotWaitMs = 250;

/**
 * Reads the outbox from the write-ahead log through a logical replication slot: each
 * committed insert once, in commit order. What is confirmed is written to
 * `tidings.checkpoint` before the server hears of it. A lost connection is opened
 * again and goes on behind what was read; a restarted process goes on behind the
 * checkpoint. Needs PostgreSQL 14 or later, `wal_level = logical`, and a slot made by
 * `migrateOutbox`.
 * @throws ConfigurationError on options that cannot work.
 */
export function walSource(options: WalSourceOptions): ChangeSource<OutboxRow> {
  const settings = resolveWalOptions(options);
  const { slot, publication } = settings;
  const name = `wal slot "${slot}"`;
  const sql = new SqlSession(settings.connection, leaveServer);
  const queue = new GroupQueue<OutboxRow>();
  let stream: WalStream | undefined;
  let connecting: Promise<WalStream> | undefined;
  let readTo: ReadPosition | undefined;
  let durable: Lsn = 0n;

  /**
   * Lets go of the stream. A server that stops waits for its streams to acknowledge
   * everything, and without the other connection nothing can be: one that stays
   * would hold up the server's shutdown for as long as it answers.
   */
  function leaveServer(): void {
    stream?.destroy();
  }

  function ready(): Promise<SlotReadiness> {
    return sql.use((client: pg.ClientBase) => checkSlot(client, slot, publication));
  }

  async function verify(): Promise<void> {
    try {
      await ready();
    } catch (error) {
      const failure = connectionFailureOf(error);
      if (failure.kind === 'lost') {
        throw new ConfigurationError(unreachableSentence(settings.target, error));
      }
      throw refusalOf(error);
    }
  }

  /** Opens a stream behind what was read, or behind the checkpoint the first time. */
  async function connect(): Promise<WalStream> {
    const readiness = await ready();
    durable = readiness.acknowledged;
    readTo ??= { lsn: durable, xid: undefined, records: 0 };
    const timeout = readiness.walSenderTimeoutMs;
    return openWalStream({
      connection: settings.replicationConnection,
      slot,
      publication,
      outbox: 'tidings.outbox',
      resume: readTo,
      durable,
      localOriginOnly: readiness.serverVersion >= 160000,
      queue,
      statusIntervalMs: Math.min(10_000, timeout > 0 ? timeout / 3 : 10_000),
      idleIntervalMs: settings.idleIntervalMs,
    });
  }

  /** Keeps a stream open until reading stops; ends the queue with what it meets. */
  async function keepStreaming(signal: AbortSignal, logger: Logger): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        connecting = connect();
        stream = await connecting;
        if (signal.aborted) stream.stopReading();
        logger.info({ slot, from: formatLsn(stream.position.lsn) }, 'streaming');
        attempt = 0;
        await stream.ended;
        throw new Error('Connection terminated by the server');
      } catch (error) {
        if (signal.aborted) return;
        readTo = stream?.position ?? readTo;
        stream?.destroy();
        stream = undefined;
        const failure = connectionFailureOf(error);
        if (failure.kind !== 'lost' && failure.kind !== 'slot-in-use') throw refusalOf(error);
        const waitMs =
          failure.kind === 'slot-in-use' ? slotWaitMs : fullJitter(reconnect, attempt + 1);
        logger.warn(
          { slot, reason: reasonOf(error), waitMs },
          'the stream is down; connecting again',
        );
        await delay(waitMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  async function* read(
    signal: AbortSignal,
    logger: Logger,
  ): AsyncGenerator<readonly ChangeGroup<OutboxRow>[], void, undefined> {
    const stop = (): void => {
      stream?.stopReading();
      queue.end();
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) return;
    keepStreaming(signal, logger).then(
      () => queue.end(),
      (error: unknown) => queue.end(error as Error),
    );
    for (;;) {
      const groups = await queue.take();
      if (groups === undefined) return;
      yield groups;
    }
  }

  async function confirm(checkpoint: Checkpoint): Promise<void> {
    const lsn = parseLsn(checkpoint);
    if (lsn <= durable) return;
    try {
      await sql.use((client) => advanceCheckpoint(client, slot, lsn));
    } catch (error) {
      if (connectionFailureOf(error).kind === 'lost') leaveServer();
      throw error;
    }
    durable = lsn;
    stream?.acknowledge(lsn);
  }

  async function close(): Promise<void> {
    // A connection that is on its way must not outlive the source.
    const open = await connecting?.catch(() => undefined);
    await open?.close();
    stream = undefined;
    await sql.close();
  }

  return { name, verify, read, capture: (row) => [sealedEventOf(row)], confirm, close };
}

/** Turns a known refusal into the sentence for it, leaves everything else as it is. */
function refusalOf(error: unknown): unknown {
  const failure = connectionFailureOf(error);
  return failure.kind === 'refused' ? new ConfigurationError(failure.sentence) : error;
}
