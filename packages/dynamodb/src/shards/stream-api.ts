import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type _Record as SdkRecord,
} from '@aws-sdk/client-dynamodb-streams';
import type { Bounded } from './bounded-request.ts';
import { atStart, type ListedShard, type ShardProgress } from './shard-lineage.ts';

/** A table's stream as it is now. */
export interface TableStream {
  readonly arn: string;
  /** `NEW_AND_OLD_IMAGES` and so on. */
  readonly viewType: string | undefined;
}

/** What one read of a shard brought. */
export interface ShardPage {
  readonly records: readonly SdkRecord[];
  /** Where the next read begins; undefined where the shard is closed and read. */
  readonly next: string | undefined;
}

/** The requests that reading takes. All of them end: with an answer, an error or a time-out. */
export interface StreamApi {
  /** Undefined where the table has no stream. */
  tableStream(tableName: string): Promise<TableStream | undefined>;
  /** All shards, however many pages they take, and whether the stream still records. */
  shards(arn: string): Promise<{ shards: readonly ListedShard[]; isEnabled: boolean }>;
  iterator(arn: string, shard: string, after: ShardProgress): Promise<string | undefined>;
  page(iterator: string): Promise<ShardPage>;
}

/** Records of one read: what the service allows. */
const RECORDS_A_READ = 1_000;

export function streamApi(
  client: DynamoDBClient,
  streams: DynamoDBStreamsClient,
  bounded: Bounded,
): StreamApi {
  return {
    async tableStream(tableName) {
      const { Table } = await bounded((options) =>
        client.send(new DescribeTableCommand({ TableName: tableName }), options),
      );
      const { LatestStreamArn: arn, StreamSpecification: specification } = Table ?? {};
      if (arn === undefined || specification?.StreamEnabled !== true) return undefined;
      return { arn, viewType: specification.StreamViewType };
    },
    async shards(arn) {
      const shards: ListedShard[] = [];
      let from: string | undefined;
      let status: string | undefined;
      do {
        const { StreamDescription: page } = await bounded((options) =>
          streams.send(
            new DescribeStreamCommand({
              StreamArn: arn,
              ...(from !== undefined && { ExclusiveStartShardId: from }),
            }),
            options,
          ),
        );
        for (const { ShardId: id, ParentShardId: parent } of page?.Shards ?? []) {
          if (id !== undefined) shards.push({ id, parent });
        }
        status = page?.StreamStatus;
        from = page?.LastEvaluatedShardId;
      } while (from !== undefined);
      return { shards, isEnabled: status !== 'DISABLED' };
    },
    async iterator(arn, shard, after) {
      const { ShardIterator } = await bounded((options) =>
        streams.send(
          new GetShardIteratorCommand({
            StreamArn: arn,
            ShardId: shard,
            ...(after === atStart
              ? { ShardIteratorType: 'TRIM_HORIZON' }
              : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: after }),
          }),
          options,
        ),
      );
      return ShardIterator;
    },
    async page(iterator) {
      const { Records, NextShardIterator } = await bounded((options) =>
        streams.send(
          new GetRecordsCommand({ ShardIterator: iterator, Limit: RECORDS_A_READ }),
          options,
        ),
      );
      // A closed shard has no next iterator; null in some answers.
      return { records: Records ?? [], next: NextShardIterator ?? undefined };
    },
  };
}
