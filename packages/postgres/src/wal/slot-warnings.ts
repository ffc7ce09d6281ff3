import type { Lsn } from '../lsn.ts';
import type { SlotObservation } from './slot-observation.ts';

/** Bounds beyond which a slot is worth a warning. */
export interface WarningThresholds {
  /** Bytes of log that the server keeps for the slot. */
  readonly lagBytes: number;
  /** Rows that no bookmark covers yet. */
  readonly lagEvents: number;
  /** Bytes of log that may still be written before the slot is lost. */
  readonly safeWalBytes: number;
  /** Seconds since the newest change that is known to be published whole. */
  readonly lagSeconds: number;
}

/** Something that will cost the slot, or its latency, unless somebody acts. */
export interface SlotWarning {
  readonly code:
    | 'wal-extended'
    | 'wal-unreserved'
    | 'safe-wal-size'
    | 'lag-bytes'
    | 'lag-events'
    | 'lag-seconds'
    | 'other-consumer'
    | 'synchronous'
    | 'filtered';
  /** One sentence that names the setting to change. */
  readonly sentence: string;
}

/** What the relay itself knows when it looks. */
export interface RelayView {
  readonly slot: string;
  /** Backend of the relay's own stream; undefined while it has none. */
  readonly ownPid: number | undefined;
  readonly acknowledged: Lsn;
  /** Seconds since the bookmark was taken; undefined before the first. */
  readonly bookmarkAgeSeconds: number | undefined;
  /** Rows beyond the bookmark, counted up to one above the threshold; undefined: unknown. */
  readonly openRows: number | undefined;
}

/** Looks for what threatens a slot that is still sound. */
export function slotWarnings(
  seen: SlotObservation,
  view: RelayView,
  thresholds: WarningThresholds,
): readonly SlotWarning[] {
  const { slot, server, publication } = seen;
  const warnings: SlotWarning[] = [];
  if (slot === undefined) return warnings;
  const name = `slot "${view.slot}"`;
  if (slot.walStatus === 'extended' || slot.walStatus === 'unreserved') {
    warnings.push({
      // Two codes: a warning is said once, and the second state is worse than the first.
      code: `wal-${slot.walStatus}`,
      sentence:
        `${name} is ${slot.walStatus}: the server keeps more WAL than it would` +
        (slot.walStatus === 'unreserved' ? ' and removes it at the next checkpoint' : '') +
        '; see why the bus does not accept, or raise max_slot_wal_keep_size',
    });
  }
  if (slot.safeWalSize !== undefined && slot.safeWalSize < BigInt(thresholds.safeWalBytes)) {
    warnings.push({
      code: 'safe-wal-size',
      sentence:
        `${name} is lost after another ${slot.safeWalSize} bytes of WAL; ` +
        'raise max_slot_wal_keep_size',
    });
  }
  const lag = server.flushed === undefined ? 0n : server.flushed - view.acknowledged;
  if (lag > BigInt(thresholds.lagBytes)) {
    warnings.push({
      code: 'lag-bytes',
      sentence:
        `${name} is ${lag} bytes of WAL behind; raise the publisher's concurrency, or ask for a ` +
        'higher PutEvents quota',
    });
  }
  if (view.openRows !== undefined && view.openRows > thresholds.lagEvents) {
    warnings.push({
      code: 'lag-events',
      sentence:
        `${name} owes more than ${thresholds.lagEvents} events; raise the publisher's concurrency, ` +
        'or ask for a higher PutEvents quota',
    });
  }
  if (view.bookmarkAgeSeconds !== undefined && view.bookmarkAgeSeconds > thresholds.lagSeconds) {
    warnings.push({
      code: 'lag-seconds',
      sentence:
        `${name} is ${Math.round(view.bookmarkAgeSeconds)} s behind; raise the publisher's ` +
        'concurrency, or ask for a higher PutEvents quota',
    });
  }
  if (slot.activePid !== null && view.ownPid !== undefined && slot.activePid !== view.ownPid) {
    warnings.push({
      code: 'other-consumer',
      sentence:
        `${name} is streamed by backend ${slot.activePid}, which is not this relay; give each ` +
        'relay its own slot, or see what holds it in pg_stat_activity',
    });
  }
  // The stream's application_name holds a space, so only a quoted name or * can match it.
  const { synchronousStandbyNames } = server;
  if (/\*|"tidings /i.test(synchronousStandbyNames)) {
    warnings.push({
      code: 'synchronous',
      sentence:
        `synchronous_standby_names (${synchronousStandbyNames}) takes in the stream of ${name}: ` +
        'commits wait until the bus has accepted; list the standbys by name instead',
    });
  }
  if (publication !== undefined && publication.filtered.length > 0) {
    warnings.push({
      code: 'filtered',
      sentence:
        `the publication filters rows or columns of ${publication.filtered.join(', ')}; what it ` +
        'leaves out is not published: ALTER PUBLICATION ... SET TABLE without WHERE and columns',
    });
  }
  return warnings;
}
