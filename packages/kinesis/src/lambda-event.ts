/** A record of a Kinesis stream as Lambda passes it. What AWS's own types declare fits. */
export interface KinesisRecord {
  /** `shardId-000000000006:4959…`: shard and sequence number. */
  readonly eventID?: string | undefined;
  readonly eventSourceARN?: string | undefined;
  readonly kinesis?:
    | {
        /** Base64. */
        readonly data?: string | undefined;
        readonly partitionKey?: string | undefined;
        readonly sequenceNumber?: string | undefined;
        /** Seconds since 1970, with a fraction. */
        readonly approximateArrivalTimestamp?: number | undefined;
      }
    | undefined;
}

/** What Lambda passes from a Kinesis stream: records of one shard, in order. */
export interface KinesisEvent {
  readonly Records: readonly KinesisRecord[];
}

/** A record of a Kafka topic as Lambda passes it. What AWS's own types declare fits. */
export interface KafkaRecord {
  readonly topic?: string | undefined;
  readonly partition?: number | undefined;
  readonly offset?: number | undefined;
  /** Milliseconds since 1970. */
  readonly timestamp?: number | undefined;
  /** Base64. */
  readonly key?: string | null | undefined;
  /** Base64; null or absent in a tombstone. */
  readonly value?: string | null | undefined;
  /** Each value is a list of bytes. */
  readonly headers?: readonly { readonly [name: string]: readonly number[] }[] | undefined;
}

/** What Lambda passes from MSK or another Kafka: records by topic and partition, in order. */
export interface KafkaEvent {
  /** By `topic-partition`: `orders-0`. */
  readonly records: { readonly [partition: string]: readonly KafkaRecord[] };
}
