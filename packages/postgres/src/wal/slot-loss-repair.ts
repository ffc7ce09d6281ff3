import { ConfigurationError, type Logger } from '@tidings/relay';
import type { Bookmark } from '../checkpoint-store.ts';
import { openIncident } from '../incident-store.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import type { SqlSession } from '../sql-session.ts';
import { refuseRowSecurity } from '../text-rows.ts';
import { backfillInto } from './backfill.ts';
import type { GroupQueue } from './group-queue.ts';
import { createReplacementSlot, dropSlot } from './replacement-slot.ts';
import { restorePublication } from './restore-publication.ts';
import type { SlotLoss } from './slot-guard.ts';
import { observeSlot, type SlotObservation } from './slot-observation.ts';
import type { WalLayout } from './wal-layout.ts';
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

/** What a repair works with. */
export interface RepairRequest<Change> {
  readonly settings: WalSettings;
  readonly layout: WalLayout<Change>;
  readonly loss: SlotLoss;
  readonly explanation: string;
  readonly seen: SlotObservation;
  readonly sql: Pick<SqlSession, 'use'>;
  readonly queue: GroupQueue<Change>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Heals a lost slot: opens an incident, makes the slot anew with an exported snapshot,
 * reads the rows that no bookmark covers and that the new slot will not stream, and
 * queues them. The checkpoint is written when they are settled; a crash before that
 * finds the slot ahead of its checkpoint and heals again. Nothing is lost as long as
 * the rows are in the table.
 * @throws ConfigurationError where it must not heal, or cannot.
 */
export async function repairSlotLoss<Change>(request: RepairRequest<Change>): Promise<Healing> {
  const { settings, layout, loss, explanation, seen, sql, queue, logger, signal } = request;
  const { slot } = settings;
  // A slot that no relay has streamed yet may lack a checkpoint: it was made by hand.
  const from = seen.checkpoint?.acknowledged ?? seen.slot?.confirmed;
  const opened = await sql.use((client) =>
    openIncident(client, { slot, reason: loss, explanation, from }),
  );
  const { id: incident } = opened;
  logger.error(
    { slot, incident, loss, from: from === undefined ? undefined : formatLsn(from) },
    explanation,
  );
  if (layout.backfill === undefined) {
    throw new ConfigurationError(
      `${explanation}; the missing changes cannot be read again (incident ${incident}): ` +
        `${layout.remedy === undefined ? '' : `${layout.remedy}, or `}make up for them by other ` +
        `means, run DELETE FROM tidings.checkpoint WHERE name = '${slot}' and start again`,
    );
  }
  if (settings.onSlotLoss === 'halt') {
    throw new ConfigurationError(
      `${explanation}; see incident ${incident}, then start once with onSlotLoss: 'heal', which ` +
        'publishes again what the bookmark does not cover',
    );
  }
  await sql.use((client) => refuseRowSecurity(client, layout.tables));
  if (loss === 'unpublished') await publishAgain(request);
  await dropSlot(sql, slot, logger, signal);
  const replacement = await createReplacementSlot(
    {
      replicationConnection: settings.textConnection,
      slot,
      serverVersion: seen.server.version,
      logger,
      signal,
    },
    sql,
  );
  try {
    // What is read again is read as the catalog describes it now.
    await sql.use(async (client) => layout.prepare?.(client, settings.publication));
    const { rows, bookmark } = await backfillInto({
      connection: settings.textConnection,
      replacement,
      backfills: layout.backfill,
      incident: opened,
      bookmark: seen.checkpoint?.bookmark,
      queue,
      silenceMs: settings.heartbeatTimeoutMs,
      signal,
    });
    const now = await sql.use((client) =>
      observeSlot(client, slot, settings.publication, layout.tables),
    );
    logger.warn(
      { slot, incident, republished: rows, to: formatLsn(replacement.consistentPoint) },
      'the slot is made anew; what was missing is on its way to the bus',
    );
    return {
      to: replacement.consistentPoint,
      incident,
      republished: rows,
      bookmark,
      fingerprint: now.publication?.fingerprint,
    };
  } finally {
    await replacement.release();
  }
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
async function publishAgain<Change>(request: RepairRequest<Change>): Promise<void> {
  const { settings, layout, sql, explanation } = request;
  const { publication } = settings;
  const { tables, operations } = layout;
  try {
    await sql.use((client) => restorePublication(client, { publication, tables, operations }));
  } catch (error) {
    if ((error as { readonly code?: string }).code !== '42501') throw error;
    throw new ConfigurationError(
      `${explanation} as its owner, then start the relay: it publishes what was missed`,
    );
  }
}
