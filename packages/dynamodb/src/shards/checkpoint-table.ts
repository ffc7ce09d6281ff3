import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Bounded } from './bounded-request.ts';
import { partitionKey, sortKey } from './create-checkpoint-table.ts';
import type { ShardProgress } from './shard-lineage.ts';

/** Who reads, and for the how-manieth time that changed. */
export interface LeaseItem {
  /** Absent where the last owner let go. */
  readonly owner: string | undefined;
  readonly term: number;
  /** Rises while the owner lives. */
  readonly renewals: number;
  /** ARN of the stream that the progress is in. */
  readonly streamArn: string | undefined;
}

/** The stored state of one reader. */
export interface CheckpointTable {
  readLease(): Promise<LeaseItem | undefined>;
  /** Takes the lease if it still is as `seen`; undefined where somebody was faster. */
  takeLease(seen: LeaseItem | undefined, owner: string): Promise<LeaseItem | undefined>;
  /** Shows that the owner lives; false where the term is over. */
  renewLease(term: number): Promise<boolean>;
  /** Lets go, so that the next owner need not wait. */
  releaseLease(term: number): Promise<void>;
  /** Notes which stream the progress is in. @throws LeaseLost */
  adoptStream(term: number, streamArn: string): Promise<void>;
  readProgress(): Promise<Map<string, ShardProgress>>;
  /** @throws LeaseLost where the term is over; nothing is written then. */
  writeProgress(term: number, progress: ReadonlyMap<string, ShardProgress>): Promise<void>;
  forget(shards: readonly string[]): Promise<void>;
}

/** Another reader has taken over. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

const lease = 'lease';
const shardPrefix = 'shard#';
/** A transaction takes 100 items, of which one is the condition. */
const SHARDS_A_WRITE = 99;

function isConditionFailure(error: unknown): boolean {
  const { name, CancellationReasons: reasons } = error as {
    readonly name?: string;
    readonly CancellationReasons?: readonly { readonly Code?: string }[];
  };
  if (name === 'ConditionalCheckFailedException') return true;
  return reasons?.some(({ Code }) => Code === 'ConditionalCheckFailed') ?? false;
}

/** Resolves to false where the condition did not hold. */
async function conditional(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (isConditionFailure(error)) return false;
    throw error;
  }
}

export function checkpointTable(
  client: DynamoDBClient,
  { tableName, reader, bounded }: { tableName: string; reader: string; bounded: Bounded },
): CheckpointTable {
  const keyOf = (part: string) => ({ [partitionKey]: { S: reader }, [sortKey]: { S: part } });
  const leaseItem = { TableName: tableName, Key: keyOf(lease) };
  const whileTerm = (term: number) => ({
    ConditionExpression: 'term = :term',
    ExpressionAttributeValues: { ':term': { N: String(term) } },
  });

  async function readLease(): Promise<LeaseItem | undefined> {
    const { Item } = await bounded((options) =>
      client.send(new GetItemCommand({ ...leaseItem, ConsistentRead: true }), options),
    );
    if (Item === undefined) return undefined;
    return {
      owner: Item.owner?.S,
      term: Number(Item.term?.N),
      renewals: Number(Item.renewals?.N),
      streamArn: Item.streamArn?.S,
    };
  }

  async function takeLease(
    seen: LeaseItem | undefined,
    owner: string,
  ): Promise<LeaseItem | undefined> {
    const taken: LeaseItem = {
      owner,
      term: (seen?.term ?? 0) + 1,
      renewals: 0,
      streamArn: seen?.streamArn,
    };
    const condition =
      seen === undefined
        ? { ConditionExpression: `attribute_not_exists(${partitionKey})` }
        : {
            ConditionExpression: 'term = :term AND renewals = :renewals',
            ExpressionAttributeValues: {
              ':term': { N: String(seen.term) },
              ':renewals': { N: String(seen.renewals) },
            },
          };
    const item = {
      ...keyOf(lease),
      owner: { S: owner },
      term: { N: String(taken.term) },
      renewals: { N: '0' },
      ...(taken.streamArn !== undefined && { streamArn: { S: taken.streamArn } }),
    };
    const put = new PutItemCommand({ TableName: tableName, Item: item, ...condition });
    return (await conditional(bounded((options) => client.send(put, options)))) ? taken : undefined;
  }

  return {
    readLease,
    takeLease,
    renewLease(term) {
      const { ConditionExpression, ExpressionAttributeValues } = whileTerm(term);
      return conditional(
        bounded((options) =>
          client.send(
            new UpdateItemCommand({
              ...leaseItem,
              ConditionExpression,
              UpdateExpression: 'ADD renewals :one',
              ExpressionAttributeValues: { ...ExpressionAttributeValues, ':one': { N: '1' } },
            }),
            options,
          ),
        ),
      );
    },
    async releaseLease(term) {
      const release = new UpdateItemCommand({
        ...leaseItem,
        ...whileTerm(term),
        UpdateExpression: 'REMOVE #owner',
        ExpressionAttributeNames: { '#owner': 'owner' },
      });
      await conditional(bounded((options) => client.send(release, options)));
    },
    async adoptStream(term, streamArn) {
      const { ConditionExpression, ExpressionAttributeValues } = whileTerm(term);
      const update = new UpdateItemCommand({
        ...leaseItem,
        ConditionExpression,
        UpdateExpression: 'SET streamArn = :arn',
        ExpressionAttributeValues: { ...ExpressionAttributeValues, ':arn': { S: streamArn } },
      });
      if (!(await conditional(bounded((options) => client.send(update, options)))))
        throw new LeaseLost();
    },
    async readProgress() {
      const progress = new Map<string, ShardProgress>();
      let start: Record<string, never> | undefined;
      do {
        const page = await bounded((options) =>
          client.send(
            new QueryCommand({
              TableName: tableName,
              ConsistentRead: true,
              KeyConditionExpression: '#reader = :reader AND begins_with(#part, :shard)',
              ExpressionAttributeNames: { '#reader': partitionKey, '#part': sortKey },
              ExpressionAttributeValues: { ':reader': { S: reader }, ':shard': { S: shardPrefix } },
              ...(start !== undefined && { ExclusiveStartKey: start }),
            }),
            options,
          ),
        );
        for (const item of page.Items ?? []) {
          const id = item[sortKey]?.S?.slice(shardPrefix.length);
          const at = item.progress?.S;
          if (id !== undefined && at !== undefined) progress.set(id, at);
        }
        start = page.LastEvaluatedKey as Record<string, never> | undefined;
      } while (start !== undefined);
      return progress;
    },
    async writeProgress(term, progress) {
      const puts = [...progress].map(([id, at]) => ({
        Put: {
          TableName: tableName,
          Item: { ...keyOf(`${shardPrefix}${id}`), progress: { S: at } },
        },
      }));
      for (let first = 0; first < puts.length; first += SHARDS_A_WRITE) {
        const write = new TransactWriteItemsCommand({
          TransactItems: [
            { ConditionCheck: { ...leaseItem, ...whileTerm(term) } },
            ...puts.slice(first, first + SHARDS_A_WRITE),
          ],
        });
        if (!(await conditional(bounded((options) => client.send(write, options)))))
          throw new LeaseLost();
      }
    },
    async forget(shards) {
      for (const id of shards) {
        const key = keyOf(`${shardPrefix}${id}`);
        await bounded((options) =>
          client.send(new DeleteItemCommand({ TableName: tableName, Key: key }), options),
        );
      }
    },
  };
}
