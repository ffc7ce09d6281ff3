import {
  GetItemCommand,
  PutItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { defineEvent, seal } from '@tidings/contract';
import { itemOutbox, streamHandler } from '@tidings/dynamodb';
import { type LocalBus, startLocalBus } from '@tidings/local';
import { eventBridgePublisher } from '@tidings/publisher';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readTable, runEventSourceMapping } from '../../support/dynamodb-event-source.ts';
import {
  type DynamoLocal,
  describeWithDynamo,
  startDynamoLocal,
} from '../../support/dynamodb-local.ts';

const PaymentReceived = defineEvent({
  source: 'com.acme.payments',
  detailType: 'PaymentReceived',
  versions: {
    '1.0': z.object({ id: z.string() }),
    '2.0': z.object({ orderId: z.string(), cents: z.number() }),
  },
  downgrade: { '1.0': ({ orderId }) => ({ id: orderId }) },
  idempotencyKey: ({ orderId }) => `payment-${orderId}`,
  orderingKey: ({ orderId }) => orderId,
  resources: ({ orderId }) => [`arn:${orderId}`],
});
const payment = (orderId = '7') =>
  PaymentReceived.create({ orderId, cents: 0.1 }, { correlationId: 'é"\\' });
const NoteTaken = defineEvent({
  source: 'com.acme.notes',
  detailType: 'NoteTaken',
  version: '1.0',
  data: z.object({ text: z.string() }),
});
const note = (bytes: number, key = 'k') =>
  NoteTaken.create({ text: 'x'.repeat(bytes) }, { idempotencyKey: key });

describeWithDynamo('an outbox in a table', () => {
  let dynamo: DynamoLocal;
  let bus: LocalBus;
  let TableName: string;
  beforeAll(async () => {
    dynamo = await startDynamoLocal();
  });
  afterAll(() => dynamo.stop());
  beforeEach(async () => {
    bus = await startLocalBus({ buses: ['shop'] });
    TableName = await dynamo.createTable('NEW_IMAGE');
  });
  afterEach(() => bus.stop());

  const orderPut = { TableName: '', Item: { pk: { S: 'ORDER#7' }, sk: { S: 'order' } } };

  async function deliver(capture: ReturnType<typeof itemOutbox>['capture']): Promise<void> {
    const publisher = eventBridgePublisher({
      eventBusName: 'shop',
      endpoint: bus.url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    const records = await readTable(dynamo, TableName);
    await runEventSourceMapping(records, streamHandler({ capture, publisher }), { batchSize: 10 });
    await publisher.close();
  }

  test('an event of a transaction arrives as it was made, in every version', async () => {
    const outbox = itemOutbox({ tableName: TableName });
    const events = payment();
    await dynamo.client.send(
      new TransactWriteItemsCommand({
        TransactItems: outbox.transactItems([{ Put: { ...orderPut, TableName } }], events),
      }),
    );
    await deliver(outbox.capture);
    expect(bus.events.map(({ detail }) => detail)).toEqual(
      events.map((event) => seal(event).detail),
    );
    expect(bus.events[0]?.envelope).toMatchObject({
      source: 'com.acme.payments',
      'detail-type': 'PaymentReceived',
      resources: ['arn:7'],
      time: events[0].time,
    });
  });

  test('the document client writes the same item', async () => {
    const events = payment();
    const now = () => Date.UTC(2026, 5, 7);
    const outbox = itemOutbox({ tableName: TableName, format: 'document', now });
    const documents = DynamoDBDocumentClient.from(dynamo.client);
    const Item = { pk: 'ORDER#7', sk: 'order' };
    await documents.send(
      new TransactWriteCommand({
        TransactItems: outbox.transactItems([{ Put: { TableName, Item } }], events),
      }),
    );
    const other = itemOutbox({ tableName: TableName, now });
    const item = other.outboxItem(events[0]).Put.Item as Record<string, { S: string }>;
    const Key = { pk: item.pk ?? { S: '' }, sk: item.sk ?? { S: '' } };
    const stored = await dynamo.client.send(new GetItemCommand({ TableName, Key }));
    expect(stored.Item).toEqual(item);
    expect(stored.Item?.expiresAt).toEqual({ N: String(Date.UTC(2026, 5, 8) / 1000) });
    await deliver(outbox.capture);
    expect(bus.events).toHaveLength(2);
  });

  test('a transaction that is rolled back tells nothing, and an id is never written over', async () => {
    const { outboxItem, transactItems, capture } = itemOutbox({ tableName: TableName });
    const event = note(1);
    const TransactItems = [{ Put: { ...orderPut, TableName } }, outboxItem(event)];
    await dynamo.client.send(new TransactWriteItemsCommand({ TransactItems }));
    const again = new TransactWriteItemsCommand({
      TransactItems: transactItems([{ Put: { ...orderPut, TableName } }], event),
    });
    await expect(dynamo.client.send(again)).rejects.toThrow(TransactionCanceledException);
    await deliver(capture);
    expect(bus.events).toHaveLength(1);
  });

  test('what is beyond the checked bounds is what DynamoDB refuses', async () => {
    const outbox = itemOutbox({ tableName: TableName });
    // The largest event that is let through is one that DynamoDB takes.
    const largest = largestNote(outbox);
    expect(largest).toBeGreaterThan(408_000);
    const { Item } = outbox.outboxItem(note(largest)).Put;
    await dynamo.client.send(new PutItemCommand({ TableName, Item }));
  });
});

/** Most bytes of text in an event that the outbox takes. */
function largestNote(outbox: ReturnType<typeof itemOutbox>): number {
  let [least, most] = [0, 409_600];
  while (most - least > 1) {
    const middle = Math.floor((least + most) / 2);
    try {
      outbox.outboxItem(note(middle));
      least = middle;
    } catch {
      most = middle;
    }
  }
  return least;
}

describe('bounds', () => {
  const outbox = itemOutbox({ tableName: 'shop' });

  test('an event that is too large for an item is refused', () => {
    expect(() => outbox.outboxItem(note(409_600))).toThrow('DynamoDB takes 409600');
  });

  test('a transaction takes 100 items', () => {
    const business = Array.from({ length: 98 }, () => ({ Delete: { Key: { pk: { S: 'a' } } } }));
    expect(outbox.transactItems(business, payment())).toHaveLength(100);
    expect(() => outbox.transactItems([...business, { Delete: {} }], payment())).toThrow(
      'a transaction takes 100 items, got 101',
    );
  });

  test.each(['attributes', 'document'] as const)('a transaction takes 4 MB of %s', (format) => {
    const sized = itemOutbox({ tableName: 'shop', format });
    const text = 'x'.repeat(390_000);
    const Item = format === 'attributes' ? { pk: { S: text } } : { pk: text };
    const business = Array.from({ length: 11 }, () => ({ Put: { Item } }));
    expect(() => sized.transactItems(business, [note(1)])).toThrow('a transaction takes 4194304');
    expect(sized.transactItems(business.slice(1), [note(1)])).toHaveLength(11);
  });

  test('keys, prefix and time to live are settings', () => {
    const own = itemOutbox({
      tableName: 'outbox',
      partitionKey: 'id',
      sortKey: null,
      prefix: 'event#',
      ttlAttribute: 'ttl',
      keepSeconds: 60,
      now: () => 1_000_000,
    });
    const event = note(1);
    const item = own.outboxItem(event).Put;
    expect(item).toMatchObject({
      TableName: 'outbox',
      Item: { id: { S: `event#${event.detail.metadata.eventId}` }, ttl: { N: '1060' } },
      ExpressionAttributeNames: { '#pk': 'id' },
    });
    expect(Object.keys(item.Item).toSorted()).toEqual(['id', 'tidings', 'ttl']);
  });

  test('malformed events are refused where they are written', () => {
    expect(() => outbox.outboxItem({ ...note(1), source: 'Nonsense' } as never)).toThrow('source');
    expect(() => outbox.outboxItem({ ...seal(note(1)), detail: '{}' })).toThrow('detail');
  });

  test('a list of events is no event', () => {
    expect(() => outbox.outboxItem(payment() as never)).toThrow(
      'outboxItem takes one event, got a list of 2: give lists to transactItems',
    );
  });

  test.each([
    [{ tableName: '' }, 'tableName must be'],
    [{ tableName: 'shop', prefx: 'x' }, 'itemOutbox has no option "prefx"; did you mean prefix?'],
    [{ tableName: 'shop', keepSeconds: Number.POSITIVE_INFINITY }, 'keepSeconds must be a whole'],
    [
      { tableName: 'shop', keepSeconds: -1 },
      'keepSeconds must be a whole number from 0 to 3153600000, got -1',
    ],
    [
      { tableName: 'shop', format: 'json' },
      "format must be 'attributes' or 'document', got 'json'",
    ],
  ])('%j is refused', (options, message) => {
    expect(() => itemOutbox(options as never)).toThrow(message);
  });
});
