import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { defineEvent } from '@tidings/contract';
import { captureItems, type ItemCapture, itemOutbox, rowEntity } from '@tidings/dynamodb';
import { z } from 'zod';

const orderFact = <const DetailType extends 'OrderPlaced' | 'OrderShipped' | 'OrderCancelled'>(
  detailType: DetailType,
) =>
  defineEvent({
    source: 'com.acme.orders',
    detailType: detailType as 'OrderPlaced',
    version: '1.0',
    data: z.object({ orderId: z.string(), version: z.int() }),
    idempotencyKey: ({ orderId, version }) => `${detailType}-${orderId}-${version}`,
    orderingKey: ({ orderId }) => orderId,
  });
const OrderPlaced = orderFact('OrderPlaced');
const OrderShipped = orderFact('OrderShipped');
const OrderCancelled = orderFact('OrderCancelled');
const CustomerJoined = defineEvent({
  source: 'com.acme.customers',
  detailType: 'CustomerJoined',
  version: '1.0',
  data: z.object({ email: z.string() }),
  idempotencyKey: ({ email }) => `CustomerJoined-${email}`,
});
const PaymentReceived = defineEvent({
  source: 'com.acme.payments',
  detailType: 'PaymentReceived',
  version: '1.0',
  data: z.object({ orderId: z.string(), cents: z.int() }),
  idempotencyKey: ({ orderId }) => `PaymentReceived-${orderId}`,
});

const orderItem = rowEntity({
  name: 'order',
  schema: z.object({ orderId: z.string(), version: z.int(), status: z.string() }),
  match: { keyPrefix: { pk: 'ORDER#' } },
});
const customerItem = rowEntity({
  name: 'customer',
  schema: z.object({ email: z.string() }),
  match: { attributes: { type: 'Customer' } },
});

/** A business in one table, whose writes are known as the facts that must reach the bus. */
export interface Shop {
  readonly capture: ItemCapture;
  /** Idempotency keys of the facts that were committed, in the order of each item. */
  readonly facts: ReadonlyMap<string, readonly string[]>;
  /** All of them. */
  readonly keys: ReadonlySet<string>;
  /** Writes to `count` orders and customers in every way that DynamoDB knows. */
  trade(count: number): Promise<void>;
  /** Writes an order that its schema refuses. */
  writePoison(): Promise<void>;
}

export function shopIn(client: DynamoDBClient, TableName: string): Shop {
  const outbox = itemOutbox({ tableName: TableName });
  const capture = captureItems(
    {
      entity: orderItem,
      insert: ({ orderId, version }) => OrderPlaced.create({ orderId, version }),
      modify: (now, before) =>
        now.status === 'shipped' && before.status !== 'shipped'
          ? OrderShipped.create({ orderId: now.orderId, version: now.version })
          : undefined,
      remove: ({ orderId, version }) => OrderCancelled.create({ orderId, version }),
    },
    { entity: customerItem, insert: ({ email }) => CustomerJoined.create({ email }) },
    outbox.mapping,
  );
  const facts = new Map<string, string[]>();
  const keys = new Set<string>();
  let next = 0;

  function note(item: string, key: string): void {
    const of = facts.get(item) ?? [];
    of.push(key);
    facts.set(item, of);
    keys.add(key);
  }

  const orderKey = (id: string) => ({ pk: { S: `ORDER#${id}` }, sk: { S: 'order' } });
  const order = (id: string, version: number, status: string) => ({
    ...orderKey(id),
    orderId: { S: id },
    version: { N: String(version) },
    status: { S: status },
    total: { N: '12345678901234567890' },
    thumbnail: { B: new Uint8Array([1, 2, 3]) },
    tags: { SS: ['a', 'b'] },
  });

  async function place(id: string): Promise<void> {
    await client.send(new PutItemCommand({ TableName, Item: order(id, 1, 'placed') }));
    note(id, `OrderPlaced-${id}-1`);
  }

  async function ship(id: string, version: number): Promise<void> {
    const update = (status: string) =>
      new UpdateItemCommand({
        TableName,
        Key: orderKey(id),
        UpdateExpression: 'SET #status = :status, version = :version',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':status': { S: status }, ':version': { N: String(version) } },
      });
    await client.send(update('shipped'));
    note(id, `OrderShipped-${id}-${version}`);
    // Changes nothing, so that the stream has no record of it.
    await client.send(update('shipped'));
    // Tells no fact.
    await client.send(update('delivered'));
  }

  async function cancel(id: string, version: number): Promise<void> {
    await client.send(new DeleteItemCommand({ TableName, Key: orderKey(id) }));
    note(id, `OrderCancelled-${id}-${version}`);
  }

  async function pay(id: string): Promise<void> {
    const payment = { pk: { S: `PAYMENT#${id}` }, sk: { S: 'payment' }, cents: { N: '100' } };
    const transaction = new TransactWriteItemsCommand({
      TransactItems: outbox.transactItems(
        [
          { Put: { TableName, Item: payment } },
          { Put: { TableName, Item: order(`${id}-t`, 1, 'placed') } },
        ],
        PaymentReceived.create({ orderId: id, cents: 100 }),
      ),
    });
    await client.send(transaction);
    note(`payment ${id}`, `PaymentReceived-${id}`);
    note(`${id}-t`, `OrderPlaced-${id}-t-1`);
  }

  async function join(id: string): Promise<void> {
    const customer = (n: number) => ({
      pk: { S: `CUSTOMER#${id}-${n}` },
      sk: { S: 'customer' },
      type: { S: 'Customer' },
      email: { S: `${id}-${n}@example.com` },
    });
    const PutRequests = [0, 1, 2].map((n) => ({ PutRequest: { Item: customer(n) } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: PutRequests } }));
    for (const n of [0, 1, 2]) {
      note(`customer ${id}-${n}`, `CustomerJoined-${id}-${n}@example.com`);
    }
  }

  return {
    capture,
    facts,
    keys,
    async trade(count) {
      for (let n = 0; n < count; n += 1) {
        next += 1;
        const id = String(next);
        await place(id);
        if (n % 2 === 0) await ship(id, 2);
        if (n % 3 === 0) await cancel(id, n % 2 === 0 ? 2 : 1);
        if (n % 4 === 0) await pay(id);
        if (n % 5 === 0) await join(id);
      }
    },
    async writePoison() {
      next += 1;
      const poison = { ...orderKey(`poison-${next}`), orderId: { S: 'x' }, version: { S: 'one' } };
      await client.send(new PutItemCommand({ TableName, Item: poison }));
    },
  };
}
