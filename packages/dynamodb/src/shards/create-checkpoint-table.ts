import {
  CreateTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';

/**
 * Items of the checkpoint table, all of one reader under one partition key:
 *
 *   reader = "<consumer>/<table>"
 *   part = "lease":           owner, term, renewals, streamArn
 *   part = "shard#<shard id>": progress
 *
 * `term` rises with each change of the owner. Whatever is written on behalf of an owner is
 * written on condition that its term still lasts.
 */
export const partitionKey = 'reader';
export const sortKey = 'part';

/**
 * Makes a checkpoint table, on demand capacity, and waits until it can be used. One table
 * serves any number of readers; one that is there already is left as it is.
 */
export async function createCheckpointTable(
  client: DynamoDBClient,
  tableName: string,
): Promise<void> {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: partitionKey, AttributeType: 'S' },
          { AttributeName: sortKey, AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: partitionKey, KeyType: 'HASH' },
          { AttributeName: sortKey, KeyType: 'RANGE' },
        ],
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await waitUntilTableExists({ client, maxWaitTime: 60 }, { TableName: tableName });
}
