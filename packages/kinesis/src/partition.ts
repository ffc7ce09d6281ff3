import type { KafkaEvent, KafkaRecord, KinesisEvent, KinesisRecord } from './lambda-event.ts';

/** What names a record in an answer to Lambda: Kafka's names a place in a partition. */
export type ItemIdentifier = string | { readonly partition: string; readonly offset: number };

/** A record, whichever stream it came through. */
export interface FeedRecord {
  /**
   * Names the record in its stream, the same at each delivery: shard and sequence number,
   * or topic, partition and offset.
   */
  readonly place: string | undefined;
  /** Undefined where the record has nothing that Lambda would know it by. */
  readonly identifier: ItemIdentifier | undefined;
  /** Text of Kafka's key, or Kinesis' partition key, which Debezium makes of its own key. */
  readonly key: string | undefined;
  /** The value in base64; empty in a tombstone. */
  readonly data: unknown;
  /** When the stream took the record. */
  readonly arrivedAt: Date | undefined;
  readonly headers: ReadonlyMap<string, string>;
  /** As Lambda passed it: what a dead letter holds. */
  readonly raw: unknown;
}

/** Records that are delivered again from the first unsettled one on, all of them. */
export type Partition = readonly FeedRecord[];

const noHeaders: ReadonlyMap<string, string> = new Map();

/** A valid time, or nothing. */
function timeOf(value: unknown, unitMs: number): Date | undefined {
  const time = new Date(typeof value === 'number' ? Math.floor(value * unitMs) : Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function fromKinesis(raw: KinesisRecord): FeedRecord {
  const { data, partitionKey, sequenceNumber, approximateArrivalTimestamp } = raw?.kinesis ?? {};
  const identifier = textOf(sequenceNumber);
  return {
    identifier,
    place: identifier === undefined ? undefined : (textOf(raw.eventID) ?? identifier),
    key: textOf(partitionKey),
    data,
    arrivedAt: timeOf(approximateArrivalTimestamp, 1000),
    headers: noHeaders,
    raw,
  };
}

function headersOf(headers: unknown): ReadonlyMap<string, string> {
  if (!Array.isArray(headers) || headers.length === 0) return noHeaders;
  const texts = new Map<string, string>();
  for (const header of headers) {
    for (const [name, bytes] of Object.entries(header ?? {})) {
      if (!Array.isArray(bytes) || !bytes.every((byte) => typeof byte === 'number')) continue;
      // Lambda passes Java's bytes, of which those from 128 on are negative.
      texts.set(name, Buffer.from(bytes).toString());
    }
  }
  return texts;
}

function fromKafka(partition: string, raw: KafkaRecord): FeedRecord {
  const { offset, key, value, timestamp, headers } = raw ?? {};
  const isKnown = typeof offset === 'number' && Number.isSafeInteger(offset);
  return {
    identifier: isKnown ? { partition, offset } : undefined,
    place: isKnown ? `${partition}-${offset}` : undefined,
    key: typeof key === 'string' ? Buffer.from(key, 'base64').toString() : undefined,
    data: value,
    arrivedAt: timeOf(timestamp, 1),
    headers: headersOf(headers),
    raw,
  };
}

/**
 * The partitions of an event. A Kinesis event is of one shard.
 * @throws TypeError where it is of another service.
 */
export function partitionsOf(event: KinesisEvent | KafkaEvent): readonly Partition[] {
  const { Records, records } = (event ?? {}) as Partial<KinesisEvent & KafkaEvent>;
  if (Array.isArray(Records)) return [(Records as readonly KinesisRecord[]).map(fromKinesis)];
  if (typeof records === 'object' && records !== null && !Array.isArray(records)) {
    return Object.entries(records)
      .filter(([, partition]) => Array.isArray(partition))
      .map(([name, partition]) => partition.map((record) => fromKafka(name, record)));
  }
  throw new TypeError(
    'A CDC handler takes the event of a Kinesis stream, { Records: […] }, or of a Kafka topic, { records: { … } }.',
  );
}
