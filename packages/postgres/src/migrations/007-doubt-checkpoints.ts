import type { Migration } from './migration.ts';

// Retention believes a checkpoint only as far as the server itself can bear it out, and
// nobody but the roles that work with the outbox may call a function of it.
export const doubtCheckpoints: Migration = {
  version: 7,
  sql: `
    -- Why a reader's bookmark cannot be gone by; null where nothing speaks against it. The
    -- position that a slot has confirmed is kept by the server, not by the checkpoint, and
    -- a bookmark counts only once the slot has confirmed it too.
    create function tidings.checkpoint_doubt(reader tidings.checkpoint) returns text
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
      select case
        when reader.bookmark is null then 'has published nothing yet'
        when reader.system_identifier <> (select system_identifier::text from pg_control_system())
          then 'has a checkpoint of another database cluster'
        when pg_snapshot_xmax(reader.bookmark) > pg_snapshot_xmax(pg_current_snapshot())
          or reader.bookmark_lsn > pg_current_wal_insert_lsn()
          or reader.bookmark_lsn > reader.acknowledged_lsn
          then 'has a checkpoint that is ahead of what has happened'
        when reader.acknowledged_lsn is not null and not exists (
            select from pg_replication_slots
            where slot_name = reader.name and confirmed_flush_lsn is not null)
          then 'has no slot any more'
        when reader.acknowledged_lsn is not null and not exists (
            select from pg_replication_slots
            where slot_name = reader.name and confirmed_flush_lsn >= reader.bookmark_lsn)
          then 'has a checkpoint that its slot has not confirmed'
      end
    $$;

    create or replace function tidings.published_floor() returns xid8
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
      select case when not exists (select from tidings.checkpoint as reader
                                   where tidings.checkpoint_doubt(reader) is not null)
        then (select pg_snapshot_xmin(bookmark) from tidings.checkpoint order by 1 limit 1)
      end
    $$;

    -- Readers that keep rows: those that nothing can be gone by, then the one furthest
    -- behind. Its grants go over to the new form.
    do $$ declare
      callers text := (
        select string_agg(case when grantee = 0 then 'public' else grantee::regrole::text end, ', ')
        from pg_proc, aclexplode(proacl)
        where oid = 'tidings.retention_holders()'::regprocedure and grantee <> proowner);
    begin
      drop function tidings.retention_holders();
      create function tidings.retention_holders()
      returns table (name text, bookmark_at timestamptz, doubt text)
      language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
        select name, bookmark_at, tidings.checkpoint_doubt(reader)
        from tidings.checkpoint as reader
        order by tidings.checkpoint_doubt(reader) is null, pg_snapshot_xmin(bookmark) nulls first
      $body$;
      if callers is not null then
        execute 'grant execute on function tidings.retention_holders() to ' || callers;
      end if;
    end $$;

    -- A function is everybody's until it is taken away. Those that an insert needs stay with
    -- whoever may insert.
    do $$ declare
      writers text := (
        select string_agg(distinct
          case when grantee = 0 then 'public' else grantee::regrole::text end, ', ')
        from (
          select (aclexplode(relacl)).* from pg_class where oid = 'tidings.outbox'::regclass
          union
          select (aclexplode(attacl)).* from pg_attribute
          where attrelid = 'tidings.outbox'::regclass
        ) as granted where privilege_type = 'INSERT');
    begin
      revoke all on all functions in schema tidings from public;
      if writers is not null then
        execute 'grant execute on function tidings.append, tidings.new_event_id, '
          'tidings.is_event, tidings.json_says, tidings.has_two_members, '
          'tidings.resources_are_names to ' || writers;
      end if;
    end $$;
  `,
};
