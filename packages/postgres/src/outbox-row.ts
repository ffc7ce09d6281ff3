import type { SealedEvent } from '@tidings/contract';
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

const required = {
  eventId: 'event_id',
  source: 'source',
  detailType: 'detail_type',
  detail: 'detail',
  occurredAt: 'occurred_at',
  resources: 'resources',
  idempotencyKey: 'idempotency_key',
} as const;

/**
 * Finds the outbox's columns in a relation, once for each description of it, and
 * reads tuples by index from then on.
 * @throws Error that names the column which the table lacks.
 */
export function outboxRowReader(relation: Relation): (tuple: Tuple) => OutboxRow {
  const name = `${relation.schema}.${relation.table}`;
  const indexOf = (column: string): number => {
    const index = relation.columns.indexOf(column);
    if (index === -1) throw new Error(`${name} has no column "${column}"`);
    return index;
  };
  const eventId = indexOf(required.eventId);
  const source = indexOf(required.source);
  const detailType = indexOf(required.detailType);
  const detail = indexOf(required.detail);
  const occurredAt = indexOf(required.occurredAt);
  const resources = indexOf(required.resources);
  const idempotencyKey = indexOf(required.idempotencyKey);
  const orderingKey = indexOf('ordering_key');
  const traceHeader = indexOf('trace_header');
  const text = (tuple: Tuple, index: number): string => {
    const value = tuple[index];
    if (typeof value !== 'string') {
      throw new Error(`${name} holds a row whose "${relation.columns[index]}" is null`);
    }
    return value;
  };
  return (tuple) => ({
    eventId: text(tuple, eventId),
    source: text(tuple, source),
    detailType: text(tuple, detailType),
    detail: text(tuple, detail),
    occurredAt: text(tuple, occurredAt),
    resources: text(tuple, resources),
    idempotencyKey: text(tuple, idempotencyKey),
    orderingKey: tuple[orderingKey] ?? null,
    traceHeader: tuple[traceHeader] ?? null,
  });
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
  if (Number.isNaN(time.getTime())) throw new Error(`occurred_at "${text}" is not a time`);
  return time;
}
