import type { Producer, Replay } from './envelope.ts';

/** What `create` takes beside the data. Everything has a default. */
export interface CreateOptions {
  /**
   * 1 to 128 characters of printable ASCII without spaces. Default: a new ULID; in
   * the mapping of a captured change, an id that is derived from the change.
   */
  readonly eventId?: string;
  /** When the fact happened. Default: now; in a mapping, when the change was committed. */
  readonly occurredAt?: Date;
  /** Default: the context's. */
  readonly correlationId?: string;
  /** `eventId` of the event that caused this one. Default: the context's. */
  readonly causationId?: string;
  /**
   * 1 to 128 characters of printable ASCII without spaces. Default: what the contract
   * derives, or none.
   */
  readonly orderingKey?: string;
  /** ARNs or names, each of 1 to 2048 characters. Default: what the contract derives, or none. */
  readonly resources?: readonly string[];
  /** Default: the context's; else the publisher writes its own. */
  readonly producer?: Producer;
  /** W3C Trace Context header. Default: the context's, else OpenTelemetry's active span. */
  readonly traceparent?: string;
  readonly replay?: Replay;
}

/** What `create` takes where the contract derives no idempotency key. */
export interface KeyedCreateOptions extends CreateOptions {
  /** Same business fact, same key: 1 to 256 characters of printable ASCII without spaces. */
  readonly idempotencyKey: string;
}
