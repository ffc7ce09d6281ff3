import { createTables } from './001-create-tables.ts';
import { appendFunction } from './002-append-function.ts';
import { maintainOutbox } from './003-maintain-outbox.ts';
import { readById } from './004-read-by-id.ts';
import { boundOccurredAt } from './005-bound-occurred-at.ts';
import { deleteForAnyPublication } from './006-delete-for-any-publication.ts';
import { doubtCheckpoints } from './007-doubt-checkpoints.ts';
import { claimDeadLetters } from './008-claim-dead-letters.ts';
import type { Migration } from './migration.ts';

/** All steps, oldest first; versions count up from 1 without a gap. */
export const migrations: readonly Migration[] = [
  createTables,
  appendFunction,
  maintainOutbox,
  readById,
  boundOccurredAt,
  deleteForAnyPublication,
  doubtCheckpoints,
  claimDeadLetters,
];
