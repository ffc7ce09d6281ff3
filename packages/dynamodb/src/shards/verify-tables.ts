import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ConfigurationError, type RowImages, reasonOf } from '@tidings/relay';
import type { Bounded } from './bounded-request.ts';
import { partitionKey, sortKey } from './create-checkpoint-table.ts';
import type { ShardSettings } from './shard-options.ts';
import type { StreamApi } from './stream-api.ts';

/** View types of streams that carry what an entity needs. */
const viewTypes: Readonly<Record<RowImages, readonly string[] | undefined>> = {
  'new-and-old': ['NEW_AND_OLD_IMAGES'],
  new: ['NEW_IMAGE', 'NEW_AND_OLD_IMAGES'],
  old: ['OLD_IMAGE', 'NEW_AND_OLD_IMAGES'],
  keys: undefined,
};

function refusal(what: string, error: unknown): ConfigurationError {
  const name = error instanceof Error ? error.name : '';
  if (name === 'ResourceNotFoundException') return new ConfigurationError(`${what} does not exist`);
  return new ConfigurationError(`${what} cannot be described: ${reasonOf(error)}`);
}

/**
 * Resolves when table, stream and checkpoint table are there and fit.
 * @throws ConfigurationError that says what to change.
 */
export async function verifyTables(
  client: DynamoDBClient,
  settings: ShardSettings,
  api: StreamApi,
  bounded: Bounded,
): Promise<void> {
  const { tableName, checkpointTable, capture } = settings;
  const stream = await api.tableStream(tableName).catch((error: unknown) => {
    throw refusal(`table ${tableName}`, error);
  });
  if (stream === undefined) {
    throw new ConfigurationError(
      `table ${tableName} has no stream: enable one with NEW_AND_OLD_IMAGES`,
    );
  }
  for (const { name, images = 'new-and-old' } of capture.entities) {
    const fitting = viewTypes[images];
    if (fitting === undefined || fitting.includes(String(stream.viewType))) continue;
    throw new ConfigurationError(
      `entity ${name} needs a stream of ${fitting.join(' or ')}, and that of table ${tableName} is ${stream.viewType}: enable another stream, or declare what it carries as images of the entity`,
    );
  }
  const describe = new DescribeTableCommand({ TableName: checkpointTable });
  const { Table } = await bounded((options) => client.send(describe, options)).catch(
    (error: unknown) => {
      throw refusal(`checkpoint table ${checkpointTable} (createCheckpointTable makes it)`, error);
    },
  );
  const keys = Table?.KeySchema?.map(({ AttributeName }) => AttributeName);
  if (keys?.[0] !== partitionKey || keys[1] !== sortKey) {
    throw new ConfigurationError(
      `checkpoint table ${checkpointTable} must have the keys ${partitionKey} and ${sortKey}: make it with createCheckpointTable`,
    );
  }
}
