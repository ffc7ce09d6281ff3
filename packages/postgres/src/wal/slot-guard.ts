import { formatLsn, type Lsn } from '../lsn.ts';
import { describeUnpublished } from './describe-unpublished.ts';
import type { SlotObservation, SlotState } from './slot-observation.ts';
import type { TableName } from './wal-layout.ts';

/** Why a stream can no longer be trusted to hold every change. */
export type SlotLoss =
  /** Somebody dropped the slot. */
  | 'dropped'
  /** The server gave the slot up: WAL removed, idle too long, rows removed. */
  | 'invalidated'
  /** The slot stands ahead of its checkpoint: made again, or advanced by somebody. */
  | 'moved'
  /** The publication, or a table in it, was dropped, made again or altered. */
  | 'publication-changed'
  /** The publication does not hold the table, or not its operations, any more. */
  | 'unpublished'
  /** All looks right again, but nobody has made up for an earlier loss. */
  | 'unsettled';

/** What the guard makes of an observation. */
export type SlotVerdict =
  /** Streaming may begin behind `from`; `first` where there is no checkpoint yet. */
  | { readonly kind: 'ready'; readonly from: Lsn; readonly first: boolean }
  | { readonly kind: 'lost'; readonly loss: SlotLoss; readonly explanation: string }
  /** Nothing to heal: a person must set something up or correct it. */
  | { readonly kind: 'refused'; readonly sentence: string };

/** What is expected of the slot. */
export interface SlotExpectation {
  readonly slot: string;
  readonly publication: string;
  readonly tables: readonly TableName[];
  readonly operations: readonly string[];
  /**
   * Where the relay knows the slot to stand although the checkpoint does not say so
   * yet: while a healed slot's rows are still on their way to the bus.
   */
  readonly healedTo: Lsn | undefined;
}

/** Judges what was observed, in the order in which a person would set it up. */
export function judgeSlot(seen: SlotObservation, expected: SlotExpectation): SlotVerdict {
  const { server, slot, publication, checkpoint } = seen;
  const { slot: name } = expected;
  if (server.version < 140000) {
    const major = Math.floor(server.version / 10000);
    return refused(`PostgreSQL ${major} is too old for the relay; use 14 or later`);
  }
  if (server.walLevel !== 'logical') {
    return refused(
      `the server's wal_level is "${server.walLevel}"; run ALTER SYSTEM SET wal_level = 'logical' ` +
        'and restart the server (on RDS set rds.logical_replication to 1)',
    );
  }
  if (server.inRecovery) {
    return refused('the server is a standby; connect to the primary');
  }
  if (!server.migrated) {
    return refused(
      `database "${server.database}" has no tidings.outbox; run \`tidings outbox migrate\` first`,
    );
  }
  if (checkpoint !== undefined && checkpoint.systemIdentifier !== server.systemIdentifier) {
    return refused(foreignCheckpoint(name, expected.tables));
  }
  if (slot !== undefined) {
    const misuse = misuseOf(slot, name, server.database);
    if (misuse !== undefined) return refused(misuse);
  } else if (checkpoint === undefined) {
    return refused(missingSlot(name, server.database, seen.otherSlots));
  }
  // From here on whatever is wrong went wrong after the stream had been good.
  const unpublished = describeUnpublished(seen, expected);
  if (unpublished !== undefined) {
    return checkpoint === undefined ? refused(unpublished) : lost('unpublished', unpublished);
  }
  if (slot === undefined) {
    return lost('dropped', `slot "${name}" has been dropped`);
  }
  const invalid = invalidationOf(slot, name);
  if (invalid !== undefined) return lost('invalidated', invalid);
  const confirmed = slot.confirmed as Lsn;
  if (checkpoint === undefined) return { kind: 'ready', from: confirmed, first: true };
  const acknowledged = expected.healedTo ?? checkpoint.acknowledged;
  if (confirmed > acknowledged) {
    return lost(
      'moved',
      `slot "${name}" stands at ${formatLsn(confirmed)}, ahead of its checkpoint ` +
        `${formatLsn(acknowledged)}: it was made again, or somebody else advanced it`,
    );
  }
  if (publication?.alteration !== undefined) {
    return lost(
      'publication-changed',
      `${publication.alteration.sentence}: rows that came since the last bookmark may not have been ` +
        `streamed through publication "${expected.publication}"`,
    );
  }
  if (seen.incident !== undefined && expected.healedTo === undefined) {
    const { id, openedAt, explanation } = seen.incident;
    return lost('unsettled', `incident ${id} is open since ${openedAt}: ${explanation}`);
  }
  return { kind: 'ready', from: acknowledged, first: false };
}

function refused(sentence: string): SlotVerdict {
  return { kind: 'refused', sentence };
}

function lost(loss: SlotLoss, explanation: string): SlotVerdict {
  return { kind: 'lost', loss, explanation };
}

function misuseOf(slot: SlotState, name: string, database: string): string | undefined {
  if (slot.type !== 'logical' || slot.plugin !== 'pgoutput') {
    return (
      `slot "${name}" is ${slot.type} with plugin ${slot.plugin ?? 'none'}; ` +
      'name a logical slot of plugin pgoutput'
    );
  }
  if (slot.database !== database) {
    return (
      `slot "${name}" belongs to database "${slot.database}", the connection is to ` +
      `"${database}"; correct one of the two`
    );
  }
  return undefined;
}

function foreignCheckpoint(name: string, tables: readonly TableName[]): string {
  const what = `the checkpoint of slot "${name}" was written by another database cluster`;
  if (tables.some(({ schema, table }) => schema === 'tidings' && table === 'outbox')) {
    return (
      `${what}, whose transaction ids mean nothing here; run \`tidings outbox adopt\`, which ` +
      'says which rows count as published and which are owed'
    );
  }
  return (
    `${what}, whose log is not here; make up by other means for what it had not streamed, then ` +
    `run DELETE FROM tidings.checkpoint WHERE name = '${name}' and set the capture up again`
  );
}

function missingSlot(name: string, database: string, others: readonly string[]): string {
  const present =
    others.length === 0
      ? 'it has no logical slot'
      : `it has ${others.map((each) => `"${each}"`).join(', ')}`;
  return (
    `slot "${name}" does not exist in database "${database}" (${present}); correct the name, ` +
    `or create it with \`tidings outbox migrate --slot ${name}\``
  );
}

function invalidationOf(slot: SlotState, name: string): string | undefined {
  const why = (reason: string, setting: string): string =>
    `the server has invalidated slot "${name}" (${reason}); ${setting}`;
  if (slot.invalidationReason === 'idle_timeout') {
    return why('idle_timeout', 'raise idle_replication_slot_timeout');
  }
  if (slot.walStatus === 'lost' || slot.invalidationReason === 'wal_removed') {
    return why('WAL that it needs was removed', 'raise max_slot_wal_keep_size');
  }
  if (slot.conflicting || slot.invalidationReason !== undefined) {
    return why(slot.invalidationReason ?? 'conflict', 'see invalidation_reason');
  }
  if (slot.confirmed === undefined || slot.restart === undefined) {
    return why('it has no position', 'see pg_replication_slots');
  }
  return undefined;
}
