import type { SealedEvent } from '@tidings/contract';
import { CaptureError } from '@tidings/relay';
import type { Relation, Tuple } from './wal/pgoutput.ts';

/** A row of the outbox table, each column as text or, where it may be, null. */
export interface OutboxRow {
  readonly eventId: string;
  readonly source: string;
  readonly detailType: string;
  readonly detail: string;
  readonly occurredAt: string;
  readonly resources: string;
  readonly idempotencyKey: string;
  readonly orderingKey: string | null;
  readonly traceHeader: string | null;
}

/**
 * Finds the outbox's columns in a relation, once for each description of it, and
 * reads tuples by index from then on.
 * @throws Error that names the column which the table lacks.
 */
export function outboxRowReader(relation: Relation): (tuple: Tuple) => OutboxRow {
  const indexOf = (column: string): number => {
    const index = relation.columns.indexOf(column);
    if (index === -1) throw new Error(`tidings.outbox has no column "${column}"`);
    return index;
  };
  const eventId = indexOf('event_id');
  const source = indexOf('source');
  const detailType = indexOf('detail_type');
  const detail = indexOf('detail');
  const occurredAt = indexOf('occurred_at');
  const resources = indexOf('resources');
  const idempotencyKey = indexOf('idempotency_key');
  const orderingKey = indexOf('ordering_key');
  const traceHeader = indexOf('trace_header');
  return (tuple) => ({
    eventId: textOf(tuple[eventId], 'event_id'),
    source: textOf(tuple[source], 'source'),
    detailType: textOf(tuple[detailType], 'detail_type'),
    detail: textOf(tuple[detail], 'detail'),
    occurredAt: textOf(tuple[occurredAt], 'occurred_at'),
    resources: textOf(tuple[resources], 'resources'),
    idempotencyKey: textOf(tuple[idempotencyKey], 'idempotency_key'),
    orderingKey: optionalTextOf(tuple[orderingKey]),
    traceHeader: optionalTextOf(tuple[traceHeader]),
  });
}

/** Select list for `outboxRowOf`; every column comes as text. */
export const outboxColumns: string =
  'event_id, source, detail_type, detail::text, occurred_at::text, resources::text, ' +
  'idempotency_key, ordering_key, trace_header';

/** Reads a row that a query returned as text, by column name. */
export function outboxRowOf(row: Readonly<Record<string, string | null>>): OutboxRow {
  return {
    eventId: textOf(row.event_id, 'event_id'),
    source: textOf(row.source, 'source'),
    detailType: textOf(row.detail_type, 'detail_type'),
    detail: textOf(row.detail, 'detail'),
    occurredAt: textOf(row.occurred_at, 'occurred_at'),
    resources: textOf(row.resources, 'resources'),
    idempotencyKey: textOf(row.idempotency_key, 'idempotency_key'),
    orderingKey: optionalTextOf(row.ordering_key),
    traceHeader: optionalTextOf(row.trace_header),
  };
}

function textOf(value: unknown, column: string): string {
  if (typeof value === 'string') return value;
  throw new CaptureError(`tidings.outbox holds a row whose "${column}" is null`);
}

function optionalTextOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** The event that a row holds; its detail goes on as the text that was stored. */
export function sealedEventOf(row: OutboxRow): SealedEvent {
  return {
    source: row.source,
    detailType: row.detailType,
    time: timestampOf(row.occurredAt),
    resources: row.resources === '[]' ? [] : JSON.parse(row.resources),
    detail: row.detail,
    eventId: row.eventId,
    idempotencyKey: row.idempotencyKey,
    orderingKey: row.orderingKey ?? undefined,
    traceHeader: row.traceHeader ?? undefined,
  };
}

/** Reads a timestamptz in ISO style, UTC: `2026-06-07 02:00:00.123456+00`. */
function timestampOf(text: string): Date {
  const time = new Date(`${text.slice(0, 10)}T${text.slice(11).replace(/\+00$/, 'Z')}`);
  if (Number.isNaN(time.getTime())) throw new CaptureError(`occurred_at "${text}" is not a time`);
  return time;
}
