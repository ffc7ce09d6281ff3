import {
  type EnvelopeMetadata,
  type PublishableEvent,
  type SealedEvent,
  withStamp,
} from '@tidings/contract';
import { CaptureError, type MappedEvents } from '@tidings/relay';
import type { DebeziumRow } from './debezium-row.ts';

type FurtherMetadata = Pick<
  EnvelopeMetadata,
  'correlationId' | 'causationId' | 'producer' | 'traceparent'
>;

/** Metadata that a row may add. */
export type DebeziumMetadata = {
  readonly [Field in keyof FurtherMetadata]?: FurtherMetadata[Field] | undefined;
};

/** How the columns of a row become an envelope; its payload passes as it was stored. */
export interface DebeziumEnvelope {
  /** Reverse-DNS namespace that the team owns: `com.acme.orders`. */
  readonly source: string | ((row: DebeziumRow) => string);
  /** Default: the column `type`; it must name a fact in the past tense. */
  readonly detailType?: (row: DebeziumRow) => string;
  /** `major.minor` of the payload's contract. Default `1.0`. */
  readonly version?: string | ((row: DebeziumRow) => string);
  /** Default: the payload's own text, so that no number is rewritten. */
  readonly data?: (row: DebeziumRow) => unknown;
  /** Default: the row's id. */
  readonly idempotencyKey?: (row: DebeziumRow) => string;
  /** Default: the aggregate's id, what Debezium makes the record's key. */
  readonly orderingKey?: (row: DebeziumRow) => string | undefined;
  /** When the fact happened. Default: when the row was committed. */
  readonly occurredAt?: (row: DebeziumRow) => Date;
  /** Further metadata, from columns of your own; undefined is left out. Default: none. */
  readonly metadata?: (row: DebeziumRow) => DebeziumMetadata;
}

/**
 * What becomes of a row: an envelope column by column, or what a function makes of it
 * through contracts. In the function `create` takes the row's id as eventId; further events
 * of the same row get it with a number behind it.
 */
export type DebeziumMapping = DebeziumEnvelope | ((row: DebeziumRow) => MappedEvents);

/** Turns a row into events, the same at every delivery. @throws what makes it poison. */
export function debeziumEventsOf(
  row: DebeziumRow,
  mapping: DebeziumMapping,
): readonly PublishableEvent[] {
  if (typeof mapping !== 'function') return [envelopeOf(row, mapping)];
  let made = 0;
  const stamp = {
    occurredAt: new Date(row.committedAt),
    nextEventId: () => {
      made += 1;
      return made === 1 ? row.id : `${row.id}-${made}`;
    },
  };
  const events = withStamp(stamp, () => mapping(row));
  if (events === undefined) return [];
  return (Array.isArray(events) ? events.flat() : [events]) as readonly PublishableEvent[];
}

function envelopeOf(row: DebeziumRow, mapping: DebeziumEnvelope): SealedEvent {
  const time = mapping.occurredAt?.(row) ?? new Date(row.committedAt);
  const idempotencyKey = mapping.idempotencyKey?.(row) ?? row.id;
  const orderingKey =
    mapping.orderingKey === undefined ? row.aggregateId : mapping.orderingKey(row);
  // A field that is undefined is left out of the text.
  const metadata = {
    eventId: row.id,
    version: valueFor(mapping.version ?? '1.0', row),
    idempotencyKey,
    occurredAt: time.toISOString(),
    ...mapping.metadata?.(row),
    orderingKey,
  };
  const data = mapping.data === undefined ? payloadOf(row) : JSON.stringify(mapping.data(row));
  return {
    source: valueFor(mapping.source, row),
    detailType: mapping.detailType?.(row) ?? row.type,
    time,
    resources: [],
    detail: `{"metadata":${JSON.stringify(metadata)},"data":${data}}`,
    eventId: row.id,
    idempotencyKey,
    orderingKey,
    traceHeader: undefined,
  };
}

function valueFor(value: string | ((row: DebeziumRow) => string), row: DebeziumRow): string {
  return typeof value === 'function' ? value(row) : value;
}

/** The payload's text, once it is known to be JSON: a column of type text may hold anything. */
function payloadOf({ payload, id }: DebeziumRow): string {
  if (payload === null) return 'null';
  try {
    JSON.parse(payload);
  } catch {
    throw new CaptureError(
      `the payload of outbox row ${id} is not JSON; map it with data: (row) => ...`,
    );
  }
  return payload;
}
