import type { Migration } from './migration.ts';

export const readById: Migration = {
  version: 4,
  sql: `
    -- A poller that is within a window: rows of transactions that had ended in reading_to
    -- and not in the bookmark are published up to this id.
    alter table tidings.checkpoint
      add column reading_to pg_snapshot, add column reading_after bigint;
  `,
};
