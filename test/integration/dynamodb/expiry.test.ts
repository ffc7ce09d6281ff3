import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { defineEvent } from '@tidings/contract';
import { captureItems, itemOutbox, rowEntity, streamHandler } from '@tidings/dynamodb';
import { createCheckpointTable, shardSource } from '@tidings/dynamodb/shards';
import type { LocalBus } from '@tidings/local';
import { eventBridgePublisher } from '@tidings/publisher';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { readTable, runEventSourceMapping } from '../../support/dynamodb-event-source.ts';
import {
  type DynamoLocal,
  describeWithDynamo,
  startDynamoLocal,
} from '../../support/dynamodb-local.ts';
import { eventually } from '../../support/eventually.ts';
import { runRelayFrom, startOrdersBus } from '../../support/running-relay.ts';

const OrderEnded = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderEnded',
  version: '1.0',
  data: z.object({ order: z.string(), how: z.string() }),
  idempotencyKey: ({ order, how }) => `${order}-${how}`,
});
const orderItem = rowEntity({
  name: 'order',
  schema: z.object({ pk: z.string() }),
  match: { keyPrefix: { pk: 'ORDER#' } },
});

// DynamoDB Local deletes expired items a second after the setting, then every ten seconds.
describeWithDynamo('time to live', () => {
  let dynamo: DynamoLocal;
  let bus: LocalBus;
  let TableName: string;
  beforeAll(async () => {
    dynamo = await startDynamoLocal();
    await createCheckpointTable(dynamo.client, 'checkpoints');
  });
  afterAll(() => dynamo.stop());
  beforeEach(async () => {
    bus = await startOrdersBus();
    TableName = await dynamo.createTable();
  });
  afterEach(() => bus.stop());

  const keyOf = (order: string) => ({ pk: { S: `ORDER#${order}` }, sk: { S: 'order' } });
  const aMinuteAgo = Date.now() - 60_000;
  const expired = { expiresAt: { N: String(Math.floor(aMinuteAgo / 1000)) } };

  test('an item that expired is told as expired by both readers, and an outbox item is not told', async () => {
    // By default an outbox item is kept for a day.
    const now = () => aMinuteAgo;
    const { outboxItem, mapping } = itemOutbox({ tableName: TableName, keepSeconds: 0, now });
    const capture = captureItems(
      {
        entity: orderItem,
        remove: ({ pk }) => OrderEnded.create({ order: pk, how: 'removed' }),
        expire: ({ pk }) => OrderEnded.create({ order: pk, how: 'expired' }),
      },
      mapping,
    );
    const relay = runRelayFrom(
      shardSource({
        tableName: TableName,
        capture,
        checkpointTable: 'checkpoints',
        client: dynamo.client,
        streamsClient: dynamo.streams,
      }),
      bus,
    );

    const settled = outboxItem(OrderEnded.create({ order: 'ORDER#0', how: 'settled' }));
    const lapsing = { Put: { TableName, Item: { ...keyOf('1'), ...expired } } };
    await dynamo.client.send(new TransactWriteItemsCommand({ TransactItems: [settled, lapsing] }));
    await dynamo.client.send(
      new UpdateTimeToLiveCommand({
        TableName,
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      }),
    );
    const { pk = { S: '' }, sk = { S: '' } } = settled.Put.Item as Record<string, { S: string }>;
    const stored = () =>
      dynamo.client
        .send(new GetItemCommand({ TableName, Key: { pk, sk } }))
        .then(({ Item }) => Item);
    await eventually(stored).toBeUndefined();
    await dynamo.client.send(new PutItemCommand({ TableName, Item: keyOf('2') }));
    await dynamo.client.send(new DeleteItemCommand({ TableName, Key: keyOf('2') }));

    const told = ['ORDER#0-settled', 'ORDER#1-expired', 'ORDER#2-removed'];
    await bus.waitFor(({ idempotencyKey }) => idempotencyKey === told[2]);
    await bus.waitFor(({ idempotencyKey }) => idempotencyKey === told[1]);
    await relay.stop();
    const once = new Map(
      bus.events.map(({ idempotencyKey, eventId }) => [idempotencyKey, eventId]),
    );
    expect([...once.keys()].toSorted()).toEqual(told);
    expect(bus.events).toHaveLength(3);

    const publisher = eventBridgePublisher({
      eventBusName: 'orders',
      endpoint: bus.url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    const records = await readTable(dynamo, TableName);
    await runEventSourceMapping(records, streamHandler({ capture, publisher }), { batchSize: 10 });
    await publisher.close();
    expect(bus.events).toHaveLength(6);
    for (const { idempotencyKey, eventId } of bus.events) {
      expect(eventId).toBe(once.get(idempotencyKey));
    }
  });
});
