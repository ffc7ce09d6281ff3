import type { Migration } from './migration.ts';

// A publication of all tables that another tool made publishes deletes and updates of the
// outbox too, and PostgreSQL then refuses them where a row has no identity. The outbox has
// none, because an index on id would cost every append; so a partition gets one when a
// delete or an update was refused for the want of it.
export const deleteForAnyPublication: Migration = {
  version: 6,
  sql: `
    -- By an index on id, for a subscriber cannot compare json. By the whole row where the
    -- index would take long to make, or where somebody gave an id twice.
    create function tidings.identify_rows(partition regclass) returns void
    language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      if pg_relation_size(partition) < 64 * 1024 * 1024 then
        begin
          execute format('create unique index %I on %s (id)',
            (select relname from pg_class where oid = partition) || '_identity', partition);
          execute format('alter table %s replica identity using index %I', partition,
            (select relname from pg_class where oid = partition) || '_identity');
          return;
        exception when unique_violation then null;
        end;
      end if;
      execute format('alter table %s replica identity full', partition);
    end $$;

    create function tidings.forget_identity(partition regclass) returns void
    language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      execute format('alter table %s replica identity default', partition);
      execute format('drop index if exists tidings.%I',
        (select relname from pg_class where oid = partition) || '_identity');
    end $$;

    revoke all on function tidings.identify_rows(regclass), tidings.forget_identity(regclass)
      from public;

    create or replace function tidings.delete_published(appended_before timestamptz, max_rows integer)
    returns bigint language plpgsql security definer
    set search_path = pg_catalog, pg_temp set lock_timeout = '250ms' as $$
    declare
      floor xid8 := tidings.published_floor();
      deleted bigint;
    begin
      for identified in 0..1 loop
        begin
          delete from tidings.outbox_default where ctid = any(array(
            select ctid from tidings.outbox_default
            where appended_at < appended_before
              and (transaction_id < floor
                or (floor is not null and tidings.is_published(transaction_id)))
            order by transaction_id limit max_rows for update skip locked));
          get diagnostics deleted = row_count;
          return deleted;
        exception when object_not_in_prerequisite_state then
          if identified = 1 then raise; end if;
        end;
        perform tidings.identify_rows('tidings.outbox_default');
      end loop;
    end $$;
  `,
};
