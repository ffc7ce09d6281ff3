import type { Envelope, Producer } from './envelope.ts';

/**
 * An envelope whose `detail` is JSON text already: what is stored in an outbox and
 * what becomes an entry of PutEvents, byte for byte, so that no number is rewritten
 * between the two.
 */
export interface SealedEvent {
  readonly source: string;
  readonly detailType: string;
  readonly time: Date;
  readonly resources: readonly string[];
  /** JSON text of `{ metadata, data }`. */
  readonly detail: string;
  readonly eventId: string;
  readonly idempotencyKey: string;
  readonly orderingKey: string | undefined;
  /** X-Ray trace header, which travels beside the event, not in it. */
  readonly traceHeader: string | undefined;
}

/** What `seal` may add to an envelope. */
export interface SealOptions {
  /** Written to `metadata.producer` where the envelope names none. */
  readonly producer?: Producer;
  readonly traceHeader?: string;
}

/** Serialises an envelope once; everything after it passes the text on. */
export function seal(envelope: Envelope, options: SealOptions = {}): SealedEvent {
  const { metadata, data } = envelope.detail;
  const stamped =
    options.producer === undefined || metadata.producer !== undefined
      ? metadata
      : { ...metadata, producer: options.producer };
  return {
    source: envelope.source,
    detailType: envelope['detail-type'],
    time: new Date(metadata.occurredAt),
    resources: envelope.resources,
    detail: JSON.stringify({ metadata: stamped, data }),
    eventId: metadata.eventId,
    idempotencyKey: metadata.idempotencyKey,
    orderingKey: metadata.orderingKey,
    traceHeader: options.traceHeader,
  };
}
