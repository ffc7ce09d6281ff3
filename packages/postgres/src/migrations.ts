/** A step that changes the schema; once released it never changes again. */
export interface Migration {
  readonly version: number;
  readonly sql: string;
}

/** All steps, oldest first. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
      -- Append-only: rows are inserted by transactions of the business and deleted by
      -- retention, never updated. detail is json, not jsonb: it keeps every number as it
      -- was written, and decoding it from the log costs a third less.
      create table tidings.outbox (
        id bigint generated always as identity primary key,
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
      );

      -- One row a slot, written before the server is told of an acknowledgement.
      create table tidings.checkpoint (
        slot_name name primary key,
        system_identifier text not null,
        acknowledged_lsn pg_lsn not null,
        updated_at timestamptz not null default now()
      );
    `,
  },
];
