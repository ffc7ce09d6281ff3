import { ConfigurationError, type Logger } from '@tidings/relay';
import type { Bookmark } from '../checkpoint-store.ts';
import { type OpenIncident, openIncident } from '../incident-store.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import { formatSnapshot, nothingEnded, parseSnapshot } from '../snapshot.ts';
import type { SqlSession } from '../sql-session.ts';
import { refuseRowSecurity } from '../text-rows.ts';
import type { AttachedPartition } from './attached-partition.ts';
import { countMissingIds, lastIdGiven, type MissingIds } from './count-missing-ids.ts';
import type { GroupQueue } from './group-queue.ts';
import { makeSlotAnew, type SlotMadeAnew } from './make-slot-anew.ts';
import { owedPartitions } from './publication-fingerprint.ts';
import { type BacklogProgress, readBacklog } from './read-backlog.ts';
import { readTables } from './read-tables.ts';
import { pagePosition } from './recovery-position.ts';
import type { SlotLoss } from './slot-guard.ts';
import type { SlotObservation } from './slot-observation.ts';
import type { OutboxBackfill, TablesBackfill, WalLayout } from './wal-layout.ts';
import type { WalSettings } from './wal-options.ts';
import { walPosition } from './wal-position.ts';

/** A slot that has been made anew; its backlog is on its way to the bus. */
export interface Healing {
  /** Where the new slot begins, and what the checkpoint will be. */
  readonly to: Lsn;
  readonly incident: string;
  readonly republished: number;
  readonly bookmark: Bookmark;
  readonly fingerprint: string | undefined;
  /** Of an outbox; undefined where that is not known. */
  readonly missing?: MissingIds;
}

/** What a recovery works with. */
export interface RecoveryRequest<Change> {
  readonly settings: WalSettings;
  readonly layout: WalLayout<Change>;
  readonly loss: SlotLoss;
  readonly explanation: string;
  readonly seen: SlotObservation;
  /** In it the slot is this relay's. */
  readonly sql: Pick<SqlSession, 'use'>;
  readonly queue: GroupQueue<Change>;
  readonly progress: BacklogProgress;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Recovers from a lost slot: opens an incident, makes the slot anew, reads the rows that no
 * bookmark covers and that the new slot will not stream, and queues them. The checkpoint is
 * written when they are settled; a crash before that finds the slot ahead of its checkpoint
 * and recovers again, behind what was remembered. Nothing is lost as long as the rows are
 * in the table.
 * @throws ConfigurationError where it must not recover, or cannot.
 */
export async function recoverSlot<Change>(request: RecoveryRequest<Change>): Promise<Healing> {
  const { layout, sql } = request;
  const incident = await open(request);
  const { backfill } = layout;
  if (backfill === undefined || request.settings.onSlotLoss === 'halt') {
    throw new ConfigurationError(whyHalted(request, incident));
  }
  await sql.use((client) => refuseRowSecurity(client, layout.tables));
  return backfill.kind === 'outbox'
    ? recoverOutbox(request, backfill, incident)
    : recoverTables(request, backfill, incident);
}

/** Reads the outbox while the slot is made, and up to where it begins. */
async function recoverOutbox<Change>(
  request: RecoveryRequest<Change>,
  backfill: OutboxBackfill<Change>,
  incident: OpenIncident,
): Promise<Healing> {
  const { settings, seen, progress, queue, logger } = request;
  const { checkpoint, server } = seen;
  const stored = {
    readTo: checkpoint?.bookmark ? parseSnapshot(checkpoint.bookmark.snapshot) : nothingEnded,
    within: checkpoint?.within,
  };
  const owed = owedOf(request);
  progress.begin(server.timeline, incident, stored, owed);
  const lastId = await request.sql.use(lastIdGiven);
  // Where either cannot go on, the other ends too.
  const failure = new AbortController();
  const signal = AbortSignal.any([request.signal, failure.signal]);
  const end = makeSlotAnew({ ...request, owed, signal }).then(async ({ client, ...made }) => {
    await client.end();
    return made;
  });
  end.catch((error: unknown) => failure.abort(error));
  try {
    await readBacklog({
      connection: settings.textConnection,
      silenceMs: settings.heartbeatTimeoutMs,
      slot: settings.slot,
      timeline: server.timeline,
      ...{ backfill, progress, incident, end, queue, logger, signal },
    });
  } catch (error) {
    failure.abort(error);
    throw request.signal.aborted ? request.signal.reason : failure.signal.reason;
  }
  // The new slot has waited for every transaction that could still have brought them.
  const { textConnection } = settings;
  const seenTo = checkpoint?.bookmark?.snapshot;
  const missing = await countMissingIds(textConnection, seenTo, lastId, logger);
  const healing = healingOf(request, incident, await end, progress.rows);
  return missing === undefined ? healing : { ...healing, missing };
}

/** Reads the tables as the new slot's snapshot sees them. */
async function recoverTables<Change>(
  request: RecoveryRequest<Change>,
  backfill: TablesBackfill<Change>,
  incident: OpenIncident,
): Promise<Healing> {
  const { settings, layout, seen, sql, queue, signal } = request;
  const made = await makeSlotAnew({ ...request, owed: [] });
  // What is read again is read as the catalog describes it now.
  await sql.use(async (client) => layout.prepare?.(client, settings.publication));
  let page = 0;
  const rows = await readTables({
    client: made.client,
    tables: backfill.tables,
    bookmark: seen.checkpoint?.bookmark,
    pages: () => pagePosition(request.progress.reading, ++page),
    ...{ incident, queue, signal },
  });
  return healingOf(request, incident, made, rows);
}

function healingOf<Change>(
  { settings, logger }: RecoveryRequest<Change>,
  { id: incident }: OpenIncident,
  { consistentPoint: to, snapshot, at, fingerprint }: Omit<SlotMadeAnew, 'client'>,
  republished: number,
): Healing {
  logger.warn(
    { slot: settings.slot, incident, republished, to: formatLsn(to) },
    'the slot is made anew; what was missing is on its way to the bus',
  );
  const bookmark = { snapshot: formatSnapshot(snapshot), at, lsn: to };
  return { to, incident, republished, bookmark, fingerprint };
}

async function open<Change>(request: RecoveryRequest<Change>): Promise<OpenIncident> {
  const { settings, loss, explanation, seen, sql, logger } = request;
  const { slot } = settings;
  // A slot that no relay has streamed yet may lack a checkpoint: it was made by hand.
  const from = seen.checkpoint?.acknowledged ?? seen.slot?.confirmed;
  const incident = await sql.use((client) =>
    openIncident(client, { slot, reason: loss, explanation, from }),
  );
  logger.error(
    { slot, incident: incident.id, loss, from: from === undefined ? undefined : formatLsn(from) },
    explanation,
  );
  return incident;
}

function whyHalted<Change>(
  { settings, layout, explanation }: RecoveryRequest<Change>,
  { id }: OpenIncident,
): string {
  if (layout.backfill === undefined) {
    return (
      `${explanation}; the missing changes cannot be read again (incident ${id}): ` +
      `${layout.remedy === undefined ? '' : `${layout.remedy}, or `}make up for them by other ` +
      `means, run DELETE FROM tidings.checkpoint WHERE name = '${settings.slot}' and start again`
    );
  }
  return (
    `${explanation}; see incident ${id}, then start once with onSlotLoss: 'heal', which ` +
    'publishes again what the bookmark does not cover'
  );
}

/** The group that ends a repair: once it is settled, the checkpoint may be written. */
export function queueEndOfRepair<Change>(
  queue: GroupQueue<Change>,
  epoch: number,
  healing: Healing,
): void {
  queue.push([{ records: [], position: walPosition(epoch, healing.to) }], 0);
}

/** Partitions whose rows of before their attachment nobody has published. */
function owedOf<Change>({ seen }: RecoveryRequest<Change>): readonly AttachedPartition[] {
  const { publication, checkpoint } = seen;
  const owed = [
    ...owedPartitions(checkpoint?.fingerprint),
    ...(publication?.alteration?.attached ?? []),
  ];
  return [...new Map(owed.map((each) => [each.oid, each])).values()];
}
