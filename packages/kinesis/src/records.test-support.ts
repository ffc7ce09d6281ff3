import { readFileSync } from 'node:fs';
import type { KafkaEvent, KafkaRecord, KinesisEvent, KinesisRecord } from './lambda-event.ts';
import { type FeedRecord, partitionsOf } from './partition.ts';

/** Text of a record under test/recorded/kinesis. */
export function recorded(name: string): string {
  const file = new URL(`../../../test/recorded/kinesis/${name}.json`, import.meta.url);
  return readFileSync(file, 'utf8');
}

export const orderKey = '{"id":9007199254740993}';

/** Lambda's documented record with another value and place. */
export function kinesisRecord(value: string, sequence = 1, key = orderKey): KinesisRecord {
  const { Records } = JSON.parse(recorded('lambda-kinesis-event')) as KinesisEvent;
  const record = Records[0] as KinesisRecord;
  const sequenceNumber = `${49_590_338_271_490_256_608_559_692_538_361_571_095n + BigInt(sequence)}`;
  return {
    ...record,
    eventID: `shardId-000000000006:${sequenceNumber}`,
    kinesis: {
      ...record.kinesis,
      data: Buffer.from(value).toString('base64'),
      partitionKey: key,
      sequenceNumber,
    },
  };
}

/** Lambda's documented record with another value and place. */
export function kafkaRecord(value: string, offset = 0, key = orderKey): KafkaRecord {
  const { records } = JSON.parse(recorded('lambda-msk-event')) as KafkaEvent;
  return {
    ...records['shop.public.orders-0']?.[0],
    offset,
    value: Buffer.from(value).toString('base64'),
    key: Buffer.from(key).toString('base64'),
  };
}

/** The value as a record that came through Kinesis. */
export function feedRecord(value: string, sequence = 1, key = orderKey): FeedRecord {
  return partitionsOf({ Records: [kinesisRecord(value, sequence, key)] })[0]?.[0] as FeedRecord;
}
