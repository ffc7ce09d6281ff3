import type { Migration } from './migration.ts';

// A constraint of its own: it reads one column, and is_event stays as it is. NOT VALID for
// the reason that migration 2 gives; rows that are there are poison to a reader.
export const boundOccurredAt: Migration = {
  version: 5,
  sql: `
    alter table tidings.outbox
      add constraint occurred_at_is_in_years_1_to_9999 check (
        occurred_at >= '0001-01-01 00:00:00+00' and occurred_at < '10000-01-01 00:00:00+00'
      ) not valid;
  `,
};
