import type { Migration } from './migration.ts';

// The rules and bounds are those of @tidings/contract (key-bounds, source-name, fact-name,
// check-envelope), and a test holds the two to each other. Whether a detail-type is a fact
// is the contract's rule alone: SQL knows no verbs. The expression for versions is
// fact-name's without its lookbehinds, which are slow here.
//
// One CHECK that calls a function, not one for each rule: PostgreSQL prepares every CHECK
// anew for every statement, and each reads the whole of detail again. For the same reason
// the rules are one expression: PL/pgSQL prepares each of its expressions anew for every
// transaction. To a writer they look like as many constraints: SQLSTATE 23514, and the
// rule as the name of the constraint, with a sentence that a CHECK has not.
//
// NOT VALID: every new row is checked, the rows that are there are not read. They have
// been published or soon will be, and reading millions of them would lock writers out.
export const appendFunction: Migration = {
  version: 2,
  sql: `
    create function tidings.resources_are_names(resources json) returns boolean
    language plpgsql immutable parallel safe as $$
    begin
      return json_typeof(resources) = 'array' and not exists (
        select from json_array_elements(resources) as resource
        where json_typeof(resource) <> 'string'
          or length(resource #>> '{}') not between 1 and 2048);
    end $$;

    create function tidings.has_two_members(detail json) returns boolean
    language plpgsql immutable parallel safe as $$
    begin
      return (select count(*) = 2 from json_object_keys(detail));
    end $$;

    -- Whether the token is a JSON string with this value, however it is escaped.
    create function tidings.json_says(token json, value text) returns boolean
    language plpgsql immutable parallel safe as $$
    begin
      return token is not null and value is not null
        and json_typeof(token) = 'string' and token #>> '{}' = value;
    end $$;

    -- Refuses a row that would not be an event on the bus, or whose detail says other than
    -- the columns beside it. A rule that is broken is written 'name: sentence'.
    create function tidings.is_event(
      event_id text, source text, detail_type text, detail json, occurred_at timestamptz,
      resources json, idempotency_key text, ordering_key text, trace_header text
    ) returns boolean language plpgsql stable parallel safe as $$
    declare
      metadata constant json := detail -> 'metadata';
      data constant json := detail -> 'data';
      broken constant text := case
        when length(event_id) not between 1 and 128 or event_id ~ '[^!-~]'
          then 'event_id_is_1_to_128_printable_characters: '
            'event_id must be 1 to 128 printable ASCII characters without spaces'
        when length(idempotency_key) not between 1 and 256 or idempotency_key ~ '[^!-~]'
          then 'idempotency_key_is_1_to_256_printable_characters: '
            'idempotency_key must be 1 to 256 printable ASCII characters without spaces'
        when length(ordering_key) not between 1 and 128 or ordering_key ~ '[^!-~]'
          then 'ordering_key_is_1_to_128_printable_characters: '
            'ordering_key must be 1 to 128 printable ASCII characters without spaces, or null'
        when length(trace_header) not between 1 and 500
          then 'trace_header_is_1_to_500_characters: '
            'trace_header must be 1 to 500 characters, or null'
        when length(source) > 256
          or source !~ '^[a-z0-9]+(-+[a-z0-9]+)*([.][a-z0-9]+(-+[a-z0-9]+)*)+$'
          or starts_with(source, 'aws.')
          then 'source_is_reverse_dns: '
            'source must be a namespace of your own in reverse DNS, such as com.acme.orders, '
            'of at most 256 characters'
        when length(detail_type) > 128
          or detail_type !~ '^[A-Za-z][A-Za-z0-9]*([._ -][A-Za-z0-9]+)*$'
          then 'detail_type_is_a_name: '
            'detail_type must be a name of at most 128 letters and digits, such as '
            'OrderPlaced or order.placed'
        when detail_type ~ '((^|[._ -])v|(^|[^A-Z])V)[0-9]+([^a-z0-9]|$)'
          then 'detail_type_carries_no_version: '
            'detail_type must carry no version: metadata.version does'
        when resources::text <> '[]' and not tidings.resources_are_names(resources)
          then 'resources_are_strings_of_1_to_2048_characters: '
            'resources must be an array of strings of 1 to 2048 characters: [] for none'
        when metadata is null or data is null or json_typeof(metadata) <> 'object'
          -- The bytes of {"metadata":,"data":} leave no room for a third member; where
          -- there are more, they may be spaces.
          or (octet_length(detail::text)
                <> octet_length(metadata::text) + octet_length(data::text) + 21
              and not tidings.has_two_members(detail))
          then 'detail_is_metadata_and_data: '
            'detail must be exactly {"metadata": {...}, "data": ...}'
        when (metadata -> 'eventId')::text is distinct from '"' || event_id || '"'
          and not tidings.json_says(metadata -> 'eventId', event_id)
          then 'metadata_event_id_is_event_id: '
            'metadata.eventId must be the event_id of the row, as a string'
        when (metadata -> 'idempotencyKey')::text is distinct from '"' || idempotency_key || '"'
          and not tidings.json_says(metadata -> 'idempotencyKey', idempotency_key)
          then 'metadata_idempotency_key_is_idempotency_key: '
            'metadata.idempotencyKey must be the idempotency_key of the row, as a string'
        when (metadata -> 'orderingKey')::text is distinct from '"' || ordering_key || '"'
          and not tidings.json_says(metadata -> 'orderingKey', ordering_key)
          then 'metadata_ordering_key_is_ordering_key: '
            'metadata.orderingKey must be the ordering_key of the row, as a string, or be '
            'left out where that is null'
        when coalesce((metadata -> 'version')::text, '')
          !~ '^"(0|[1-9][0-9]{0,5})[.](0|[1-9][0-9]{0,5})"$'
          then 'metadata_version_is_major_minor: '
            'metadata.version must be "major.minor" as a string, such as "1.0"'
        when (metadata -> 'occurredAt')::text is distinct from
          to_char(occurred_at at time zone 'UTC', '"\\""YYYY-MM-DD"T"HH24:MI:SS.MS"Z\\""')
          then 'metadata_occurred_at_is_occurred_at: '
            'metadata.occurredAt must be the occurred_at of the row in UTC, to the '
            'millisecond, such as "2026-06-07T02:00:00.123Z"'
        when (metadata -> 'correlationId')::text !~ '^".+"$'
          or (metadata -> 'causationId')::text !~ '^".+"$'
          then 'metadata_correlation_and_causation_are_text: '
            'correlationId and causationId of metadata must be strings that are not empty, '
            'or be left out'
        when (metadata -> 'traceparent')::text
          !~ '^"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"$'
          then 'metadata_traceparent_is_w3c: '
            'metadata.traceparent must be a W3C header "00-<32 hex>-<16 hex>-<2 hex>", or '
            'be left out'
        when (metadata -> 'producer') is not null and (
          coalesce((metadata #> '{producer,service}')::text, '') !~ '^".+"$'
          or (metadata #> '{producer,build}')::text !~ '^".+"$')
          then 'metadata_producer_is_service_and_build: '
            'metadata.producer must be {"service": "...", "build": "..."}, without or with '
            'build, or be left out'
      end;
    begin
      if broken is null then return true; end if;
      raise check_violation using
        constraint = split_part(broken, ': ', 1),
        message = substr(broken, strpos(broken, ': ') + 2),
        schema = 'tidings', table = 'outbox';
    end $$;

    alter table tidings.outbox
      drop constraint event_id_is_present,
      drop constraint idempotency_key_is_present,
      drop constraint source_is_reverse_dns,
      drop constraint detail_type_is_short,
      drop constraint detail_is_metadata_and_data,
      drop constraint resources_is_array,
      -- What one PutEvents takes, 1 MiB, counted as it counts but for the commas and quotes
      -- of resources: 14 bytes are the time's, and the brackets are not counted. By itself,
      -- to be dropped where a claim check makes larger events small on their way to the bus.
      add constraint entry_is_at_most_1_mib check (
        octet_length(concat(source, detail_type, detail, resources)) <= 1048576 - 14 + 2
      ) not valid,
      add constraint is_event check (
        tidings.is_event(event_id, source, detail_type, detail, occurred_at, resources,
          idempotency_key, ordering_key, trace_header)) not valid;

    -- A ULID. Its ten digits of time are followed by two of the microseconds, so that the
    -- ids of one session rise within a millisecond too; 70 random bits are left.
    create function tidings.new_event_id() returns text
    language plpgsql volatile parallel safe as $$
    declare
      alphabet constant text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
      random constant bytea := uuid_send(gen_random_uuid());
      microseconds constant bigint := extract(epoch from clock_timestamp()) * 1000000;
      -- Twelve digits of five bits: the milliseconds, and the rest in 1/1000.
      rest bigint := (microseconds / 1000) * 1024 + microseconds % 1000;
      id text := '';
    begin
      for digit in 1..12 loop
        id := substr(alphabet, (rest & 31)::int + 1, 1) || id;
        rest := rest >> 5;
      end loop;
      for byte in 0..15 loop
        -- The bytes that hold the UUID's version and variant are not random.
        continue when byte in (6, 8);
        id := id || substr(alphabet, (get_byte(random, byte) & 31) + 1, 1);
      end loop;
      return id;
    end $$;

    -- Appends one event in the caller's transaction, from any language, and returns its
    -- id. It runs with the caller's rights: INSERT on tidings.outbox, and its sequence.
    create function tidings.append(
      source text,
      detail_type text,
      data json,
      idempotency_key text,
      version text default '1.0',
      ordering_key text default null,
      correlation_id text default null,
      causation_id text default null,
      occurred_at timestamptz default clock_timestamp(),
      resources text[] default '{}',
      producer_service text default null,
      producer_build text default null,
      traceparent text default null,
      trace_header text default null,
      event_id text default null
    ) returns text language plpgsql volatile as $$
    #variable_conflict use_variable
    declare
      id constant text := coalesce(event_id, tidings.new_event_id());
      at constant timestamptz := date_trunc('milliseconds', occurred_at);
      metadata constant json := json_strip_nulls(json_build_object(
        'eventId', id,
        'version', version,
        'idempotencyKey', idempotency_key,
        'occurredAt', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'correlationId', correlation_id,
        'causationId', causation_id,
        'orderingKey', ordering_key,
        'producer', case when coalesce(producer_service, producer_build) is not null then
          json_build_object('service', producer_service, 'build', producer_build) end,
        'traceparent', traceparent));
    begin
      -- data is put in as text: no digit and no space of it changes.
      insert into tidings.outbox (event_id, source, detail_type, detail, occurred_at, resources,
        idempotency_key, ordering_key, trace_header)
      values (id, source, detail_type,
        ('{"metadata":' || metadata::text || ',"data":' || data::text || '}')::json,
        at, to_json(resources), idempotency_key, ordering_key, trace_header);
      return id;
    end $$;

    comment on function tidings.append is
      'Appends an event to the outbox in this transaction and returns its eventId.';
  `,
};
