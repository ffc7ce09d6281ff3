import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { defineEvent } from '@tidings/contract';
import { captureItems, rowEntity } from '@tidings/dynamodb';
import { createCheckpointTable, shardSource } from '@tidings/dynamodb/shards';
import type { ChangeSource } from '@tidings/relay';
import { vi } from 'vitest';
import { z } from 'zod';
import { describeWithDynamo, startDynamoLocal } from '../support/dynamodb-local.ts';
import { type ChangeStores, changeSourceSuite } from './change-source-suite.ts';

const OrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  version: '1.0',
  data: z.object({ orderId: z.string() }),
  idempotencyKey: ({ orderId }) => orderId,
});
const capture = captureItems({
  entity: rowEntity({ name: 'order', schema: z.object({ pk: z.string() }) }),
  insert: ({ pk }) => OrderPlaced.create({ orderId: pk }),
});

async function tables(): Promise<ChangeStores> {
  const dynamo = await startDynamoLocal();
  // The source makes its own clients, as it does where it is deployed.
  vi.stubEnv('AWS_ENDPOINT_URL', dynamo.endpoint);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  await createCheckpointTable(dynamo.client, 'checkpoints');
  const source = (tableName: string): ChangeSource =>
    shardSource({ tableName, capture, checkpointTable: 'checkpoints' }) as ChangeSource;
  let keys = 0;
  return {
    async close() {
      vi.unstubAllEnvs();
      await dynamo.stop();
    },
    async open() {
      const TableName = await dynamo.createTable();
      return {
        async commit(count) {
          const committed: string[] = [];
          for (let n = 0; n < count; n += 1) {
            keys += 1;
            const key = `order-${keys}`;
            const Item = { pk: { S: key }, sk: { S: 'order' } };
            await dynamo.client.send(new PutItemCommand({ TableName, Item }));
            committed.push(key);
          }
          return committed;
        },
        source: () => source(TableName),
        missing: () => source('missing'),
        close: async () => {},
      };
    },
  };
}

describeWithDynamo('on DynamoDB Local', () => {
  changeSourceSuite('shardSource', tables);
});
