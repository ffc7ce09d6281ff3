import type { SealedEvent } from '@tidings/contract';
import { ConfigurationError, reasonOf } from '@tidings/relay';
import pg from 'pg';
import { outboxRowOf, sealedEventOf } from '../outbox-row.ts';
import { readById } from '../read-by-id.ts';
import { pinTextFormat, refuseRowSecurity, type TextRow } from '../text-rows.ts';
import { refuseTransactionPooler } from '../transaction-pooler.ts';
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

/**
 * Publishes events of the outbox again, in the order of `id`, as they stood when it
 * began. Each keeps its eventId and idempotencyKey and says in `metadata.replay`
 * which replay it comes from; its detail is otherwise the text that was stored. Neither
 * the outbox nor a relay's checkpoint changes, and no transaction stays open. What was
 * removed by retention cannot be replayed.
 * @throws ConfigurationError on options that cannot work, and what the database answers:
 * what the bus had accepted by then stays accepted.
 */
export async function replayOutbox(options: ReplayOptions): Promise<ReplayReport> {
  const settings = resolveReplayOptions(options);
  const client = new pg.Client(settings.connection);
  client.on('error', () => {});
  await client.connect();
  try {
    await refuseTransactionPooler(client, settings.connection, `replay "${settings.name}"`);
    await pinTextFormat(client);
    await refuseRowSecurity(client);
    await checkMigrated(client);
    return await replay(client, settings);
  } finally {
    await client.end();
  }
}

async function replay(client: pg.Client, settings: ReplaySettings): Promise<ReplayReport> {
  const { name, publisher, onRefused } = settings;
  let accepted = 0;
  let refusedCount = 0;
  const refused: ReplayRefusal[] = [];
  const missing = new Set(settings.eventIds);

  function refuse(refusal: ReplayRefusal): void {
    refusedCount += 1;
    if (refused.length < NAMED_REFUSALS) refused.push(refusal);
    onRefused(refusal);
  }

  async function publish(rows: readonly TextRow[]): Promise<void> {
    const at = new Date().toISOString();
    const events: SealedEvent[] = [];
    for (const row of rows) {
      const eventId = row.event_id ?? '';
      missing.delete(eventId);
      try {
        const event = sealedEventOf(outboxRowOf(row));
        events.push({ ...event, detail: stampReplay(event.detail, { name, at }) });
      } catch (error) {
        refuse({ eventId, code: 'MalformedEvent', reason: reasonOf(error) });
      }
    }
    for (const outcome of await publisher.publishSettled(events)) {
      if (outcome.status === 'accepted') accepted += 1;
      else refuse({ eventId: outcome.eventId, code: outcome.code, reason: outcome.message });
    }
  }

  // One page on its way while the next is read: bounded, and the bus is never idle.
  let publishing: Promise<void> = Promise.resolve();
  try {
    const { condition, values } = settings;
    const selection = { from: 'tidings.outbox', condition, values, after: '0' };
    for await (const rows of readById(client, selection)) {
      await publishing;
      if (settings.signal?.aborted) break;
      publishing = publish(rows);
      // Awaited in the next round; until then a failure is nobody's.
      publishing.catch(() => {});
    }
  } finally {
    await publishing;
  }
  return { name, accepted, refusedCount, refused, missing: [...missing] };
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
