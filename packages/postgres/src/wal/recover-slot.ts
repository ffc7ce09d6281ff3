import { setTimeout as delay } from 'node:timers/promises';
import { fullJitter } from '@tidings/contract';
import { ConfigurationError, type Logger, reasonOf } from '@tidings/relay';
import { type Bookmark, noteRecovery } from '../checkpoint-store.ts';
import { connectionFailureOf } from '../connection-failure.ts';
import { type OpenIncident, openIncident } from '../incident-store.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import { formatSnapshot, nothingEnded, parseSnapshot } from '../snapshot.ts';
import type { SqlSession } from '../sql-session.ts';
import { refuseRowSecurity } from '../text-rows.ts';
import type { GroupQueue } from './group-queue.ts';
import { readFingerprint } from './publication-fingerprint.ts';
import { type BacklogProgress, readBacklog } from './read-backlog.ts';
import { readTables } from './read-tables.ts';
import { createReplacementSlot, dropSlot, type ReplacementSlot } from './replacement-slot.ts';
import { restorePublication } from './restore-publication.ts';
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
}

/** How soon it is tried again to restore the publication. */
const unrestored = { baseMs: 250, capMs: 10_000 };

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
  progress.begin(server.timeline, incident, {
    readTo: checkpoint?.bookmark ? parseSnapshot(checkpoint.bookmark.snapshot) : nothingEnded,
    within: checkpoint?.within,
  });
  // Where either cannot go on, the other ends too.
  const failure = new AbortController();
  const signal = AbortSignal.any([request.signal, failure.signal]);
  const end = makeSlotAnew({ ...request, signal }).then(async ({ client, ...made }) => {
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
  return healingOf(request, incident, await end, progress.rows);
}

/** Reads the tables as the new slot's snapshot sees them. */
async function recoverTables<Change>(
  request: RecoveryRequest<Change>,
  backfill: TablesBackfill<Change>,
  incident: OpenIncident,
): Promise<Healing> {
  const { settings, layout, seen, sql, queue, signal } = request;
  const made = await makeSlotAnew(request);
  // What is read again is read as the catalog describes it now.
  await sql.use(async (client) => layout.prepare?.(client, settings.publication));
  const rows = await readTables({
    client: made.client,
    tables: backfill.tables,
    bookmark: seen.checkpoint?.bookmark,
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

interface SlotMadeAnew extends ReplacementSlot {
  /** Of the publication, from before the slot was made. */
  readonly fingerprint: string | undefined;
}

/** Puts the publication right first: a slot cannot use one that is younger. */
async function makeSlotAnew<Change>(request: RecoveryRequest<Change>): Promise<SlotMadeAnew> {
  const { settings, layout, loss, seen, sql, logger, signal } = request;
  const { slot, publication, textConnection } = settings;
  const { version: serverVersion, systemIdentifier, timeline } = seen.server;
  if (loss === 'unpublished') await publishAgain(request);
  const replacement = {
    ...{ slot, serverVersion, sql, logger, signal },
    replicationConnection: textConnection,
  };
  await dropSlot(replacement);
  const fingerprint = await sql.use((client) =>
    readFingerprint(client, publication, layout.tables),
  );
  const acknowledged = seen.checkpoint?.acknowledged ?? seen.slot?.confirmed ?? 0n;
  await sql.use((client) =>
    noteRecovery(client, slot, { systemIdentifier, timeline, acknowledged, fingerprint }),
  );
  return { ...(await createReplacementSlot(replacement)), fingerprint };
}

/** The group that ends a repair: once it is settled, the checkpoint may be written. */
export function queueEndOfRepair<Change>(
  queue: GroupQueue<Change>,
  epoch: number,
  healing: Healing,
): void {
  queue.push([{ records: [], position: walPosition(epoch, healing.to) }], 0);
}

/** Puts the tables back into the publication, which only its owner may. */
async function publishAgain<Change>(request: RecoveryRequest<Change>): Promise<void> {
  const { settings, layout, sql, explanation, logger, signal } = request;
  const { slot, publication } = settings;
  const { tables, operations } = layout;
  for (let attempt = 1; ; attempt++) {
    try {
      await sql.use((client) => restorePublication(client, { publication, tables, operations }));
      return;
    } catch (error) {
      const { code } = error as { readonly code?: string };
      if (code === '42501') {
        throw new ConfigurationError(
          `${explanation} as its owner, then start the relay: it publishes what was missed`,
        );
      }
      if (connectionFailureOf(error).kind === 'lost') throw error;
      const waitMs = fullJitter(unrestored, attempt);
      logger.warn(
        { slot, publication, waitMs },
        `the publication cannot be restored yet: ${reasonOf(error)}`,
      );
      await delay(waitMs, undefined, { signal });
    }
  }
}
