import { setTimeout as delay } from 'node:timers/promises';
import { fullJitter, type SealedEvent } from '@tidings/contract';
import { ConfigurationError, reasonOf } from '@tidings/relay';
import type pg from 'pg';
import { asRefusal, connectionFailureOf } from '../connection-failure.ts';
import { openClient } from '../open-client.ts';
import { outboxRowOf, sealedEventOf } from '../outbox-row.ts';
import { readById } from '../read-by-id.ts';
import { queryText, refuseRowSecurity, type TextRow } from '../text-rows.ts';
import {
  type ReplayOptions,
  type ReplayRefusal,
  type ReplayReport,
  type ReplaySettings,
  resolveReplayOptions,
} from './replay-options.ts';
import { stampReplay } from './stamp-replay.ts';

/** Refusals that the report names. */
const NAMED_REFUSALS = 1_000;
/** How soon a lost connection is tried again. */
const reconnect = { baseMs: 100, capMs: 5_000 };

/**
 * Publishes events of the outbox again, in the order of `id`, as they stood when it
 * began. Each keeps its eventId and idempotencyKey and says in `metadata.replay`
 * which replay it comes from; its detail is otherwise the text that was stored. Neither
 * the outbox nor a relay's checkpoint changes, and no transaction stays open. What was
 * removed by retention cannot be replayed.
 *
 * A connection that is lost, or a server that refuses for a while, is waited out once the
 * replay has begun: `logger` hears of it, `signal` ends it, and nothing is published twice.
 * @throws ConfigurationError on options that cannot work, on a server that cannot be reached
 * at the start, and on what no time mends: what the bus had accepted by then stays accepted.
 */
export async function replayOutbox(options: ReplayOptions): Promise<ReplayReport> {
  const settings = resolveReplayOptions(options);
  const { name, logger, target } = settings;
  const signal = settings.signal ?? new AbortController().signal;
  const replay = new Replay(settings);
  for (let failures = 1; ; failures += 1) {
    const before = replay.after;
    try {
      await replay.attempt(signal);
      return replay.report();
    } catch (error) {
      if (replay.publishing === 'failed') throw error;
      const { kind } = connectionFailureOf(error);
      const passes = kind === 'lost' || kind === 'transient';
      if (!replay.begun || !passes) throw asRefusal(target, error);
      if (signal.aborted) return replay.report();
      if (replay.after !== before) failures = 1;
      const waitMs = fullJitter(reconnect, failures);
      logger.warn(
        { replay: name, after: replay.after, reason: reasonOf(error), waitMs },
        'the replay is interrupted; it goes on where it stood',
      );
      await delay(waitMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return replay.report();
    }
  }
}

/** A replay over as many connections as it takes. */
class Replay {
  readonly #settings: ReplaySettings;
  readonly #missing: Set<string>;
  readonly #refused: ReplayRefusal[] = [];
  #accepted = 0;
  #refusedCount = 0;
  /** What was there when it began; undefined before. */
  #snapshot: string | undefined;
  /** Every event up to this id is settled. */
  after = '0';
  /** `failed` where the publisher rejected: no connection mends that. */
  publishing: 'well' | 'failed' = 'well';

  constructor(settings: ReplaySettings) {
    this.#settings = settings;
    this.#missing = new Set(settings.eventIds);
  }

  get begun(): boolean {
    return this.#snapshot !== undefined;
  }

  report(): ReplayReport {
    const { name } = this.#settings;
    const [accepted, refusedCount] = [this.#accepted, this.#refusedCount];
    return { name, accepted, refusedCount, refused: this.#refused, missing: [...this.#missing] };
  }

  /** Goes on behind `after`, on a connection of its own. */
  async attempt(signal: AbortSignal): Promise<void> {
    const client = await openClient(this.#settings.connection, {
      needsSession: `replay "${this.#settings.name}"`,
    });
    try {
      await refuseRowSecurity(client);
      await checkMigrated(client);
      await this.#read(client, signal);
    } finally {
      await client.end().catch(() => {});
    }
  }

  async #read(client: pg.Client, signal: AbortSignal): Promise<void> {
    const { condition, values } = this.#settings;
    const again = this.#snapshot;
    const taken = await queryText(client, 'select pg_current_snapshot()::text as snapshot');
    this.#snapshot ??= taken[0]?.snapshot as string;
    const selection = {
      from: 'tidings.outbox',
      // What was appended meanwhile stays out. (Rows of another cluster are ahead of any snapshot.)
      condition:
        again === undefined
          ? condition
          : `(${condition}) and (transaction_id >= pg_snapshot_xmax(pg_current_snapshot()) or
              pg_visible_in_snapshot(transaction_id, $${values.length + 1}::pg_snapshot))`,
      values: again === undefined ? values : [...values, again],
      after: this.after,
    };
    // One page on its way while the next is read: bounded, and the bus is never idle.
    let publishing: Promise<void> = Promise.resolve();
    try {
      for await (const rows of readById(client, selection)) {
        await publishing;
        if (signal.aborted) break;
        publishing = this.#publish(rows);
        // Awaited in the next round; until then a failure is nobody's.
        publishing.catch(() => {});
      }
    } finally {
      await publishing;
    }
  }

  async #publish(rows: readonly TextRow[]): Promise<void> {
    const { name, publisher } = this.#settings;
    const at = new Date().toISOString();
    const events: SealedEvent[] = [];
    for (const row of rows) {
      const eventId = row.event_id ?? '';
      this.#missing.delete(eventId);
      try {
        const event = sealedEventOf(outboxRowOf(row));
        events.push({ ...event, detail: stampReplay(event.detail, { name, at }) });
      } catch (error) {
        this.#refuse({ eventId, code: 'MalformedEvent', reason: reasonOf(error) });
      }
    }
    try {
      for (const outcome of await publisher.publishSettled(events)) {
        if (outcome.status === 'accepted') this.#accepted += 1;
        else {
          const { eventId, code, message: reason } = outcome;
          this.#refuse({ eventId, code, reason });
        }
      }
    } catch (error) {
      this.publishing = 'failed';
      throw error;
    }
    this.after = rows.at(-1)?.id ?? this.after;
  }

  #refuse(refusal: ReplayRefusal): void {
    this.#refusedCount += 1;
    if (this.#refused.length < NAMED_REFUSALS) this.#refused.push(refusal);
    this.#settings.onRefused(refusal);
  }
}

async function checkMigrated(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ migrated: boolean; database: string }>(
    `select current_database() as database, to_regclass('tidings.outbox') is not null as migrated`,
  );
  const row = rows[0];
  if (row?.migrated !== true) {
    throw new ConfigurationError(`database "${row?.database}" has no tidings.outbox to replay`);
  }
}
