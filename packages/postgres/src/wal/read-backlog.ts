import { setTimeout as delay } from 'node:timers/promises';
import { fullJitter } from '@tidings/contract';
import { type ChangeRecord, type Logger, reasonOf } from '@tidings/relay';
import type pg from 'pg';
import { connectionFailureOf } from '../connection-failure.ts';
import type { OpenIncident } from '../incident-store.ts';
import { openClient } from '../open-client.ts';
import { DurableSnapshots, type SnapshotTaken } from '../poll/durable-snapshot.ts';
import { readWindow } from '../poll/read-window.ts';
import { furtherPlace, type ReadPlace } from '../read-place.ts';
import { endedIn, parseSnapshot, type Snapshot } from '../snapshot.ts';
import { refuseRowSecurity } from '../text-rows.ts';
import { type AttachedPartition, earlierRowsOfTable } from './attached-partition.ts';
import type { GroupQueue } from './group-queue.ts';
import { recoveryPosition } from './recovery-position.ts';
import type { OutboxBackfill } from './wal-layout.ts';

/**
 * How far this process has read the outbox beside a lost slot. It outlives a connection:
 * what was handed over is on its way to the bus, although nothing is stored of it yet.
 */
export class BacklogProgress {
  /** Number of the reading that it is of. */
  readonly reading: number;
  #timeline: number | undefined;
  #place: ReadPlace | undefined;
  #incident: string | undefined;
  #rows = 0;

  constructor(reading: number) {
    this.reading = reading;
  }

  /** Begins a recovery, or goes on with one; `stored` is what the checkpoint remembers. */
  begin(
    timeline: number,
    incident: OpenIncident,
    stored: ReadPlace,
    owed: readonly AttachedPartition[],
  ): void {
    const same = this.#timeline === timeline && this.#incident === incident.id;
    // What an earlier attempt read of them is forgotten where others came since.
    if (!same || owed.length > 0) this.owed = owed;
    this.#place = same && this.#place !== undefined ? furtherPlace(this.#place, stored) : stored;
    if (!same) this.#rows = incident.republished;
    this.#timeline = timeline;
    this.#incident = incident.id;
  }

  /** Partitions whose earlier rows the window that is read now, or the next one, holds too. */
  owed: readonly AttachedPartition[] = [];

  /** Rows that were handed over for this incident. */
  get rows(): number {
    return this.#rows;
  }

  get place(): ReadPlace {
    if (this.#place === undefined) throw new Error('no recovery has begun');
    return this.#place;
  }

  handedOver(place: ReadPlace, rows: number): void {
    this.#place = place;
    this.#rows += rows;
    if (place.within === undefined) this.owed = [];
  }
}

/** What to read and where it goes. */
export interface BacklogRequest<Change> {
  /** With `datestyle`, `timezone` and encoding pinned. */
  readonly connection: pg.ClientConfig;
  readonly backfill: OutboxBackfill<Change>;
  readonly progress: BacklogProgress;
  readonly timeline: number;
  readonly incident: OpenIncident;
  /** The new slot's snapshot, where reading ends; pending while it cannot be made. */
  readonly end: Promise<SnapshotTaken>;
  readonly queue: GroupQueue<Change>;
  /** Milliseconds without an answer after which the connection counts as lost. */
  readonly silenceMs: number;
  readonly slot: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** A slot is usually made in no time; then one window is enough. */
const HEAD_START_MS = 1_000;
/** How often the outbox is read while the slot cannot be made. */
const PAUSE_MS = 1_000;
const VISIBLE_RETRY_MS = 20;
const reconnect = { baseMs: 100, capMs: 5_000 };

/**
 * Reads the rows that no bookmark covers, up to where the new slot begins, and queues them
 * in order of `id`: between the two there is neither gap nor overlap. While the slot cannot
 * be made yet, it reads what there is again and again. No transaction stays open and no
 * cursor depends on one, however slow the bus is; each page that is settled is remembered.
 */
export async function readBacklog<Change>(request: BacklogRequest<Change>): Promise<void> {
  const { slot, logger, signal } = request;
  for (let attempt = 1; ; attempt++) {
    try {
      await withSession(request, (client) => readToEnd(client, request, () => (attempt = 0)));
      return;
    } catch (error) {
      const { kind } = connectionFailureOf(error);
      if (signal.aborted || (kind !== 'lost' && kind !== 'transient')) throw error;
      const waitMs = fullJitter(reconnect, attempt);
      logger.warn(
        { slot, reason: reasonOf(error), waitMs },
        'the outbox could not be read; trying again',
      );
      await delay(waitMs, undefined, { signal });
    }
  }
}

async function withSession<Change>(
  request: BacklogRequest<Change>,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const { signal } = request;
  const config = { ...request.connection, query_timeout: request.silenceMs };
  const client = await openClient(config, { needsSession: `slot "${request.slot}"`, signal });
  const abort = (): void => void client.end().catch(() => {});
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    await refuseRowSecurity(client);
    await work(client);
  } finally {
    signal.removeEventListener('abort', abort);
    await client.end().catch(() => {});
  }
}

async function readToEnd<Change>(
  client: pg.Client,
  request: BacklogRequest<Change>,
  onProgress: () => void,
): Promise<void> {
  const { progress, signal, slot, logger, incident } = request;
  const snapshots = new DurableSnapshots();
  let end: SnapshotTaken | undefined;
  const made = request.end.then((taken) => {
    end = taken;
  });
  // Whoever made the promise hears of its failure, and aborts the signal.
  made.catch(() => {});
  await pauseUnless(made, HEAD_START_MS, signal);
  if (end === undefined) {
    logger.info(
      { slot },
      'the slot cannot be made yet; publishing what the outbox holds meanwhile',
    );
  }
  for (;;) {
    const { within } = progress.place;
    const last = within === undefined ? end : undefined;
    const to =
      within === undefined
        ? (last ?? (await snapshots.look(client)).durable)
        : { snapshot: within.to, at: incident.openedAt };
    if (to === undefined) {
      await delay(VISIBLE_RETRY_MS, undefined, { signal });
      continue;
    }
    await untilVisible(client, to.snapshot, signal);
    await readOneWindow(client, request, to);
    onProgress();
    if (last !== undefined) return;
    if (within === undefined) await pauseUnless(made, PAUSE_MS, signal);
  }
}

async function pauseUnless(
  made: Promise<unknown>,
  pauseMs: number,
  signal: AbortSignal,
): Promise<void> {
  const pause = new AbortController();
  const over = AbortSignal.any([signal, pause.signal]);
  try {
    await Promise.race([made, delay(pauseMs, undefined, { signal: over })]);
  } finally {
    pause.abort();
  }
}

/**
 * A transaction is in the log, and so before the slot's beginning, before others see it:
 * for a moment, or while its commit waits for a synchronous standby.
 */
async function untilVisible(
  client: pg.Client,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ now: string }>(
      'select pg_current_snapshot()::text as now',
    );
    const now = parseSnapshot(rows[0]?.now ?? '');
    const hidden = now.running.some((xid) => endedIn(snapshot, xid));
    if (!hidden && now.xmax >= snapshot.xmax) return;
    await delay(VISIBLE_RETRY_MS, undefined, { signal });
  }
}

async function readOneWindow<Change>(
  client: pg.Client,
  request: BacklogRequest<Change>,
  { snapshot: to, at }: SnapshotTaken,
): Promise<void> {
  const { progress, queue, signal, timeline, incident } = request;
  const { readTo: from, within } = progress.place;
  const besides: string[] = [];
  for (const partition of progress.owed) {
    besides.push(await earlierRowsOfTable(client, partition));
  }
  const all = { shards: undefined, shardCount: 1, besides };
  const window = { from, to, after: within?.after ?? '0', ...all };
  for await (const { records: rows, after, last } of readWindow(client, window)) {
    await queue.room(signal);
    const place: ReadPlace = last
      ? { readTo: to, within: undefined }
      : { readTo: from, within: { to, after } };
    let total = 0;
    const records = rows.map(({ change, bytes }): ChangeRecord<Change> => {
      total += bytes;
      return { change: request.backfill.read(change), bytes };
    });
    progress.handedOver(place, records.length);
    const position = recoveryPosition({
      ...{ reading: progress.reading, timeline, place, at },
      ...{ incident: incident.id, rows: progress.rows },
    });
    queue.push([{ records, position }], total);
  }
}
