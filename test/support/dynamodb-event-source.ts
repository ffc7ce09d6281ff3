import {
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
  type _Record as SdkRecord,
} from '@aws-sdk/client-dynamodb-streams';
import type { InvocationContext, StreamHandler, StreamRecord } from '@tidings/dynamodb';
import type { DynamoLocal } from './dynamodb-local.ts';

type Json = Record<string, unknown>;

/** Bytes as base64, as JSON carries them. */
function jsonAttribute(attribute: Json): Json {
  return Object.fromEntries(
    Object.entries(attribute).map(([type, value]) => {
      if (value instanceof Uint8Array) return [type, Buffer.from(value).toString('base64')];
      if (type === 'BS') {
        const parts = value as Uint8Array[];
        return [type, parts.map((part) => Buffer.from(part).toString('base64'))];
      }
      if (type === 'M') return [type, jsonImage(value as Json)];
      if (type === 'L') return [type, (value as Json[]).map(jsonAttribute)];
      return [type, value];
    }),
  );
}

function jsonImage(image: Json): Json {
  return Object.fromEntries(
    Object.entries(image).map(([name, value]) => [name, jsonAttribute(value as Json)]),
  );
}

/** A record of the SDK as Lambda and Pipes pass it. */
export function lambdaRecord(record: SdkRecord, eventSourceARN: string): StreamRecord {
  const { Keys, NewImage, OldImage, ApproximateCreationDateTime, ...rest } = record.dynamodb ?? {};
  const { userIdentity, ...common } = record;
  return {
    ...common,
    ...(userIdentity !== undefined && {
      userIdentity: { type: userIdentity.Type, principalId: userIdentity.PrincipalId },
    }),
    dynamodb: {
      ...rest,
      ApproximateCreationDateTime: Number(ApproximateCreationDateTime) / 1000,
      Keys: jsonImage(Keys as Json),
      ...(NewImage !== undefined && { NewImage: jsonImage(NewImage as Json) }),
      ...(OldImage !== undefined && { OldImage: jsonImage(OldImage as Json) }),
    },
    eventSourceARN,
  } as StreamRecord;
}

/** What a table's stream holds by now, shard by shard, in the shape of Lambda. */
export async function readTable(
  { streams }: DynamoLocal,
  TableName: string,
): Promise<readonly StreamRecord[]> {
  const listed = await streams.send(new ListStreamsCommand({ TableName }));
  const arn = listed.Streams?.[0]?.StreamArn as string;
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: arn }));
  const records: StreamRecord[] = [];
  for (const { ShardId } of StreamDescription?.Shards ?? []) {
    const first = await streams.send(
      new GetShardIteratorCommand({ StreamArn: arn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    for (let at = first.ShardIterator; at !== undefined; ) {
      const page = await streams.send(new GetRecordsCommand({ ShardIterator: at }));
      if (page.Records === undefined || page.Records.length === 0) break;
      records.push(...page.Records.map((record) => lambdaRecord(record, arn)));
      at = page.NextShardIterator;
    }
  }
  return records;
}

/** What a modelled event source mapping did. */
export interface Invocations {
  readonly invocations: number;
  /** Batches that were answered as not settled, or not at all. */
  readonly failures: number;
}

/**
 * Delivers the records of one shard as an event source mapping with ReportBatchItemFailures
 * does: in order, again from the lowest number that was answered, and the whole batch where
 * the handler throws or its answer does not make sense. `loses` drops an answer, as a
 * time-out does after the work was done.
 */
export async function runEventSourceMapping(
  records: readonly StreamRecord[],
  handler: StreamHandler,
  {
    batchSize,
    context,
    loses = () => false,
    maxInvocations = 1_000,
  }: {
    readonly batchSize: number;
    readonly context?: (invocation: number) => InvocationContext;
    readonly loses?: (invocation: number) => boolean;
    readonly maxInvocations?: number;
  },
): Promise<Invocations> {
  let invocations = 0;
  let failures = 0;
  for (let from = 0; from < records.length; ) {
    if (invocations >= maxInvocations) throw new Error('the shard is blocked');
    const batch = records.slice(from, from + batchSize);
    invocations += 1;
    // What Lambda passes went through JSON.
    const event = JSON.parse(JSON.stringify({ Records: batch }));
    let settled = 0;
    try {
      const { batchItemFailures } = await handler(event, context?.(invocations));
      const numbers = batch.map((record) => record.dynamodb?.SequenceNumber);
      const failed = batchItemFailures.map(({ itemIdentifier }) => numbers.indexOf(itemIdentifier));
      settled = failed.includes(-1) ? 0 : Math.min(batch.length, ...failed);
    } catch {
      settled = 0;
    }
    if (loses(invocations)) settled = 0;
    if (settled < batch.length) failures += 1;
    from += settled;
  }
  return { invocations, failures };
}
