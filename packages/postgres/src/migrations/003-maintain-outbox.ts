import type { Migration } from './migration.ts';

export const maintainOutbox: Migration = {
  version: 3,
  sql: `
    -- For a trigger that wakes pollers; its argument is the channel:
    --   create trigger notify after insert on tidings.outbox
    --   for each statement execute function tidings.notify_append('tidings_outbox');
    -- No trigger is made here: a notification costs the writer more than the row does.
    create function tidings.notify_append() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      perform pg_notify(tg_argv[0], '');
      return null;
    end $$;
  `,
};
