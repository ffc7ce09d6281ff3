import { setTimeout as delay } from 'node:timers/promises';
import { fullJitter } from '@tidings/contract';
import { ConfigurationError, type Logger, reasonOf } from '@tidings/relay';
import { noteRecovery } from '../checkpoint-store.ts';
import { connectionFailureOf } from '../connection-failure.ts';
import type { SqlSession } from '../sql-session.ts';
import type { AttachedPartition } from './attached-partition.ts';
import { keepFingerprint, readFingerprint } from './publication-fingerprint.ts';
import { createReplacementSlot, dropSlot, type ReplacementSlot } from './replacement-slot.ts';
import { restorePublication } from './restore-publication.ts';
import type { SlotLoss } from './slot-guard.ts';
import type { SlotObservation } from './slot-observation.ts';
import type { WalLayout } from './wal-layout.ts';
import type { WalSettings } from './wal-options.ts';

/** How soon it is tried again to restore the publication. */
const unrestored = { baseMs: 250, capMs: 10_000 };

/** What the slot is made with. */
export interface MakingRequest {
  readonly settings: WalSettings;
  readonly layout: Pick<WalLayout<never>, 'tables' | 'operations'>;
  readonly loss: SlotLoss;
  readonly explanation: string;
  readonly seen: SlotObservation;
  /** Partitions that are still to be read, which the checkpoint has to remember. */
  readonly owed: readonly AttachedPartition[];
  /** In it the slot is this relay's. */
  readonly sql: Pick<SqlSession, 'use'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** A slot that was made anew, and what the checkpoint is to keep of its publication. */
export interface SlotMadeAnew extends ReplacementSlot {
  /** Of the publication, from before the slot was made. */
  readonly fingerprint: string | undefined;
}

/**
 * Makes a lost slot anew, and its publication right first: a slot cannot use one that is
 * younger. Waits for whatever is in the way, and says so.
 * @throws ConfigurationError where only the publication's owner can go on.
 */
export async function makeSlotAnew(request: MakingRequest): Promise<SlotMadeAnew> {
  const { settings, layout, loss, seen, sql, logger, signal } = request;
  const { slot, publication, textConnection } = settings;
  const { version: serverVersion, systemIdentifier, timeline } = seen.server;
  if (loss === 'unpublished') await publishAgain(request);
  const replacement = {
    ...{ slot, serverVersion, sql, logger, signal },
    replicationConnection: textConnection,
  };
  await dropSlot(replacement);
  const now = await sql.use((client) => readFingerprint(client, publication, layout.tables));
  const keep = (owed: readonly AttachedPartition[]): string | undefined => {
    const { fingerprint: kept, bookmark } = seen.checkpoint ?? {};
    return now && keepFingerprint(kept, now, bookmark?.snapshot, owed);
  };
  const acknowledged = seen.checkpoint?.acknowledged ?? seen.slot?.confirmed ?? 0n;
  await sql.use((client) =>
    noteRecovery(client, slot, {
      ...{ systemIdentifier, timeline, acknowledged, fingerprint: keep(request.owed) },
    }),
  );
  return { ...(await createReplacementSlot(replacement)), fingerprint: keep([]) };
}

/** Puts the tables back into the publication, which only its owner may. */
async function publishAgain(request: MakingRequest): Promise<void> {
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
