import type { Migration } from './migration.ts';

export const claimDeadLetters: Migration = {
  version: 8,
  sql: `
    -- Who publishes a letter again, and until when nobody else does.
    alter table tidings.dead_letter
      add column claim text, add column claimed_until timestamptz;
  `,
};
