/** The service and build that produced an event. */
export interface Producer {
  /** Name of the producing service, for example `checkout`. */
  readonly service: string;
  /** Build or commit that was running, for example `4f2c1e9`. */
  readonly build?: string;
}

/** Marks an event that was published again on purpose. */
export interface Replay {
  /** Name of the replay. */
  readonly name: string;
  /** When the replay published the event: ISO 8601 with milliseconds, UTC. */
  readonly at: string;
}

/** What every event says about itself, beside its data. */
export interface EnvelopeMetadata {
  /**
   * Identity of this event: a ULID for a direct publish, derived from the change
   * for a captured one. A redelivery carries the same value.
   */
  readonly eventId: string;
  /** Version of the contract that `data` satisfies: `major.minor`. */
  readonly version: string;
  /** Same business fact, same key: what a consumer deduplicates by. */
  readonly idempotencyKey: string;
  /**
   * When the fact happened: ISO 8601 with milliseconds, UTC. EventBridge's own
   * `time` has whole seconds only.
   */
  readonly occurredAt: string;
  /** Ties together all events of one business operation. */
  readonly correlationId?: string;
  /** `eventId` of the event that caused this one. */
  readonly causationId?: string;
  /** Events with the same key keep their order up to the bus. */
  readonly orderingKey?: string;
  readonly producer?: Producer;
  /** W3C Trace Context header. */
  readonly traceparent?: string;
  readonly replay?: Replay;
  /**
   * JSON Pointers into `data` at which a claim-check reference
   * `{ bucket, key, bytes, sha256 }` stands for a value; `""` is the whole of `data`.
   */
  readonly claimCheck?: readonly string[];
}

/**
 * An event as consumers read it: plain JSON, the part of EventBridge's delivered
 * event that the producer decides. It is a public format and does not change.
 */
export interface Envelope<Data = unknown, DetailType extends string = string> {
  /** Reverse-DNS namespace that the producing team owns: `com.acme.orders`. */
  readonly source: string;
  /** A fact in the past tense: `OrderPlaced`. */
  readonly 'detail-type': DetailType;
  /** `metadata.occurredAt` to the second, as EventBridge delivers it. */
  readonly time: string;
  /** ARNs or other names that the event is about. */
  readonly resources: readonly string[];
  readonly detail: {
    readonly metadata: EnvelopeMetadata;
    readonly data: Data;
  };
}
