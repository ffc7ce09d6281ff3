import type { RemoteEvent } from '@tidings/local';
import type { PlacedOrders } from './order-service.ts';

/** The bus held against the orders. */
export interface Tally {
  readonly placed: number;
  readonly rolledBack: number;
  /** Different events on the bus. */
  readonly distinct: number;
  /** Committed orders whose event is not on the bus. */
  readonly lost: number;
  /** Events on the bus whose order was rolled back or never placed. */
  readonly phantom: number;
  /** Deliveries beyond the first of an event. */
  readonly duplicates: number;
  /** Duplicates that a consumer could not recognise by eventId and idempotencyKey. */
  readonly unrecognisable: number;
  /** Milliseconds from the answer to COMMIT to the bus's acceptance, first delivery. */
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
}

interface Metadata {
  readonly eventId: string;
  readonly idempotencyKey: string;
}

/** Compares what was committed with what the bus accepted. */
export function tallyOf(placed: PlacedOrders, events: readonly RemoteEvent[]): Tally {
  const firstOfKey = new Map<string, string>();
  const keyOfEvent = new Map<string, string>();
  const latencies: number[] = [];
  let phantom = 0;
  let duplicates = 0;
  let unrecognisable = 0;
  for (const { envelope, acceptedAt } of events) {
    const { eventId, idempotencyKey } = (envelope.detail as { metadata: Metadata }).metadata;
    const first = firstOfKey.get(idempotencyKey);
    if (first === undefined && !keyOfEvent.has(eventId)) {
      firstOfKey.set(idempotencyKey, eventId);
      keyOfEvent.set(eventId, idempotencyKey);
      const committedAt = placed.committedAt.get(idempotencyKey);
      if (committedAt === undefined) phantom += 1;
      // The bus may have an event before COMMIT's answer reaches the client.
      else latencies.push(Math.max(0, acceptedAt - committedAt));
      continue;
    }
    duplicates += 1;
    if (first !== eventId || keyOfEvent.get(eventId) !== idempotencyKey) unrecognisable += 1;
  }
  latencies.sort((a, b) => a - b);
  let lost = 0;
  for (const key of placed.committedAt.keys()) if (!firstOfKey.has(key)) lost += 1;
  return {
    placed: placed.committedAt.size,
    rolledBack: placed.rolledBack.size,
    distinct: firstOfKey.size,
    lost,
    phantom,
    duplicates,
    unrecognisable,
    latencyP50Ms: percentile(latencies, 0.5),
    latencyP99Ms: percentile(latencies, 0.99),
  };
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
