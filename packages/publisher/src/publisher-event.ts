import type { PublishOutcome } from '@tidings/contract';
import { callbackGuard } from './callback-guard.ts';
import type { FailureKind } from './failure-table.ts';

/** A request left. */
export interface RequestSent {
  readonly type: 'request-sent';
  /** Counts the publisher's requests; the same in the event that ends the request. */
  readonly requestId: number;
  readonly eventBusName: string;
  readonly entries: number;
  readonly bytes: number;
  /** Requests in flight, this one included. */
  readonly inFlight: number;
  /** W3C trace contexts that the entries carry, without repetition. */
  readonly traceparents: readonly string[];
}

/** A request was answered entry by entry. */
export interface RequestAnswered {
  readonly type: 'request-answered';
  readonly requestId: number;
  readonly durationMs: number;
  readonly accepted: number;
  /** Entries that the answer calls failed or says nothing about. */
  readonly failed: number;
}

/** A request failed as a whole. */
export interface RequestFailed {
  readonly type: 'request-failed';
  readonly requestId: number;
  readonly durationMs: number;
  readonly entries: number;
  readonly code: string;
  readonly status: number | undefined;
  readonly kind: FailureKind;
  /** True where its entries go again in halves, to find the one that is refused. */
  readonly bisected: boolean;
}

/** An event will be sent again. */
export interface EventRetried {
  readonly type: 'event-retried';
  readonly eventId: string;
  /** Requests that have carried it so far. */
  readonly attempts: number;
  readonly code: string;
  readonly delayMs: number;
}

/** An event was decided. */
export interface EventDecided {
  readonly type: 'event-decided';
  readonly source: string;
  readonly detailType: string;
  readonly bytes: number;
  /** Since `publish` was called. */
  readonly durationMs: number;
  readonly outcome: PublishOutcome;
}

/** An event was too large; a part of its data was put elsewhere. */
export interface EventShrunk {
  readonly type: 'event-shrunk';
  readonly eventId: string;
  readonly bytesBefore: number;
  readonly bytes: number;
}

/** Throttling, or its end, changed how many requests may be in flight. */
export interface ConcurrencyChanged {
  readonly type: 'concurrency-changed';
  readonly limit: number;
}

/** Dead letters could not be written; their events are with the caller only. */
export interface ParkingFailed {
  readonly type: 'parking-failed';
  readonly eventIds: readonly string[];
  readonly reason: string;
}

/** What a publisher tells whoever watches it. It never holds an event's data. */
export type PublisherEvent =
  | RequestSent
  | RequestAnswered
  | RequestFailed
  | EventRetried
  | EventDecided
  | EventShrunk
  | ConcurrencyChanged
  | ParkingFailed;

/** Watches a publisher. It is called in the middle of the work, so it must be quick. */
export type PublisherObserver = (event: PublisherEvent) => void;

/** One observer of several, none of which can disturb the others or the publisher. */
export function observeAll(observers: readonly PublisherObserver[]): PublisherObserver | undefined {
  if (observers.length === 0) return undefined;
  const { guard } = callbackGuard();
  const guarded = observers.map((observer, place) => guard(`Observer ${place + 1}`, observer));
  return (event) => {
    for (const observer of guarded) observer(event);
  };
}
