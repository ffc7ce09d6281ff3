import type { Migration } from './migration.ts';

// The functions run with their owner's rights, so that the role that calls them needs no
// right on the tables; search_path is pinned, so that nobody can slip in a table of his.
// lock_timeout is short: what waits for a lock on the outbox keeps writers waiting behind
// it, and maintenance can always be done a minute later.
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

    -- Makes the partition of a day (UTC). False where it exists, or where the default
    -- partition holds rows of that day already, which then stay there.
    create function tidings.make_partition(day date) returns boolean
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp set timezone = 'UTC' set lock_timeout = '250ms' as $$
    declare
      name text := 'outbox_' || to_char(day, 'YYYYMMDD');
      first timestamptz := day;
      next timestamptz := day + 1;
    begin
      if to_regclass('tidings.' || name) is not null
        or exists (select from tidings.outbox_default
                   where appended_at >= first and appended_at < next)
      then
        return false;
      end if;
      -- Made apart and attached: writers to the outbox go on meanwhile.
      execute format('create table tidings.%I (like tidings.outbox including all)', name);
      execute format(
        'alter table tidings.outbox attach partition tidings.%I for values from (%L) to (%L)',
        name, first, next);
      return true;
    end $$;

    -- Transactions from here on may hold rows that are not published yet; null while
    -- nothing may be removed, because nobody has read the outbox, or somebody nothing yet.
    create function tidings.published_floor() returns xid8
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
      select case when not exists (select from tidings.checkpoint where bookmark is null)
        then (select pg_snapshot_xmin(bookmark) from tidings.checkpoint order by 1 limit 1)
      end
    $$;

    -- Whether every reader has published a transaction's rows.
    create function tidings.is_published(transaction_id xid8) returns boolean
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
      select coalesce(bool_and(bookmark is not null
          and pg_visible_in_snapshot(transaction_id, bookmark)), false)
      from tidings.checkpoint
    $$;

    -- Drops the partition of a day that ended before a moment, if everything in it is
    -- published. Answers what became of it.
    create function tidings.drop_partition(day date, ended_before timestamptz) returns text
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp set timezone = 'UTC' set lock_timeout = '250ms' as $$
    declare
      name text := 'outbox_' || to_char(day, 'YYYYMMDD');
      unpublished boolean;
    begin
      if not exists (select from pg_inherits
                     where inhrelid = to_regclass('tidings.' || name)
                       and inhparent = 'tidings.outbox'::regclass)
      then
        return 'missing';
      end if;
      if (day + 1)::timestamptz > ended_before then
        return 'young';
      end if;
      for locked in 0..1 loop
        if tidings.published_floor() is null then
          return 'unpublished';
        end if;
        execute format(
          'select exists (select from tidings.%I where transaction_id >= $1
             and not tidings.is_published(transaction_id))', name)
        into unpublished using tidings.published_floor();
        if unpublished then
          return 'unpublished';
        end if;
        -- Looked at without a lock first. With it, nobody has an uncommitted row in it, and
        -- what a transaction of that day appends from now on goes to the default partition.
        if locked = 0 then
          lock table only tidings.outbox in access exclusive mode;
          execute format('lock table tidings.%I in access exclusive mode', name);
        end if;
      end loop;
      execute format('drop table tidings.%I', name);
      return 'dropped';
    end $$;

    -- Deletes up to so many published rows from the default partition.
    create function tidings.delete_published(appended_before timestamptz, max_rows integer)
    returns bigint language plpgsql security definer
    set search_path = pg_catalog, pg_temp set lock_timeout = '250ms' as $$
    declare
      floor xid8 := tidings.published_floor();
      deleted bigint;
    begin
      delete from tidings.outbox_default where ctid = any(array(
        select ctid from tidings.outbox_default
        where appended_at < appended_before
          and (transaction_id < floor or (floor is not null and tidings.is_published(transaction_id)))
        order by transaction_id limit max_rows for update skip locked));
      get diagnostics deleted = row_count;
      return deleted;
    end $$;

    -- Readers that keep rows: those that have published nothing yet, then the one furthest
    -- behind.
    create function tidings.retention_holders() returns table (name text, bookmark_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
      select name, bookmark_at from tidings.checkpoint
      order by bookmark is not null, pg_snapshot_xmin(bookmark)
    $$;

    revoke all on function tidings.make_partition(date), tidings.published_floor(),
      tidings.is_published(xid8), tidings.drop_partition(date, timestamptz),
      tidings.delete_published(timestamptz, integer), tidings.retention_holders() from public;

    -- A week ahead; maintainOutbox goes on from there.
    select tidings.make_partition((now() at time zone 'UTC')::date + ahead)
    from generate_series(0, 7) as ahead;
  `,
};
