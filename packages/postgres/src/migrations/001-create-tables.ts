import type { Migration } from './migration.ts';

export const createTables: Migration = {
  version: 1,
  sql: `
    create sequence tidings.outbox_id;

    -- Append-only: rows are inserted by transactions of the business and go with their
    -- day, never updated. detail is json, not jsonb: it keeps every number as it was
    -- written, and decoding it from the log costs a third less. The id has a default
    -- rather than an identity, which partitioned tables have from PostgreSQL 17 only.
    create table tidings.outbox (
      id bigint not null default nextval('tidings.outbox_id'),
      transaction_id xid8 not null default pg_current_xact_id(),
      appended_at timestamptz not null default now(),
      event_id text not null,
      source text not null,
      detail_type text not null,
      detail json not null,
      occurred_at timestamptz not null,
      resources json not null default '[]',
      idempotency_key text not null,
      ordering_key text,
      trace_header text,
      constraint event_id_is_present check (event_id <> ''),
      constraint source_is_reverse_dns check (
        length(source) <= 256
        and source ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$'
        and source !~ '^aws\\.'
      ),
      constraint detail_type_is_short check (length(detail_type) between 1 and 128),
      constraint detail_is_metadata_and_data check (
        json_typeof(detail) = 'object'
        and json_typeof(detail -> 'metadata') = 'object'
        and detail -> 'data' is not null
      ),
      constraint resources_is_array check (json_typeof(resources) = 'array'),
      constraint idempotency_key_is_present check (idempotency_key <> '')
    ) partition by range (appended_at);

    -- Takes the rows of days that nobody has made a partition for: an insert never fails
    -- because maintenance did not run.
    create table tidings.outbox_default partition of tidings.outbox default;

    -- What polling and healing read by.
    create index outbox_transaction on tidings.outbox (transaction_id, id);

    -- One row a relay: a slot's, or a poller's. It is written before the server is told
    -- of an acknowledgement, so a slot never stands ahead of it.
    create table tidings.checkpoint (
      name text primary key,
      system_identifier text not null,
      timeline integer not null,
      acknowledged_lsn pg_lsn,
      -- Every transaction that is visible in the bookmark has been published whole.
      bookmark pg_snapshot,
      bookmark_lsn pg_lsn,
      bookmark_at timestamptz,
      -- Which publication, with which table in it, the bookmark was streamed through.
      publication_fingerprint text,
      updated_at timestamptz not null default now()
    );

    -- What went wrong with a slot, and what was published again because of it.
    create table tidings.incident (
      id bigint generated always as identity primary key,
      slot_name text not null,
      reason text not null,
      explanation text not null,
      from_lsn pg_lsn,
      to_lsn pg_lsn,
      republished bigint,
      opened_at timestamptz not null default now(),
      closed_at timestamptz
    );

    -- Events and changes that can never be delivered.
    create table tidings.dead_letter (
      id bigint generated always as identity primary key,
      relay text not null,
      -- The event's id, or a digest of the change: a letter that is parked twice is one.
      letter_key text not null,
      event json,
      change json,
      code text not null,
      reason text not null,
      parked_at timestamptz not null default now(),
      constraint letter_is_parked_once unique (relay, letter_key)
    );
  `,
};
