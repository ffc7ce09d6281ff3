import type { SealedEvent } from '@tidings/contract';

/** A sealed event for tests that need many, with a detail of about `detailBytes` bytes. */
export function sealedOrder(eventId: string, detailBytes = 0, orderingKey?: string): SealedEvent {
  const occurredAt = '2026-06-07T02:00:00.123Z';
  const idempotencyKey = `key-${eventId}`;
  const metadata = { eventId, version: '1.0', idempotencyKey, occurredAt, orderingKey };
  return {
    source: 'com.acme.orders',
    detailType: 'OrderPlaced',
    time: new Date(occurredAt),
    resources: [],
    detail: JSON.stringify({ metadata, data: { pad: 'x'.repeat(detailBytes) } }),
    eventId,
    idempotencyKey,
    orderingKey,
    traceHeader: undefined,
  };
}
