import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { defineEvent } from '@tidings/contract';
import type { DynamoDBRecord, DynamoDBStreamHandler } from 'aws-lambda';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  captureItems,
  itemOutbox,
  type PipeItem,
  pipeEnrichment,
  rowEntity,
  streamHandler,
} from './index.ts';

const OrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  version: '1.0',
  data: z.object({ orderId: z.string() }),
  idempotencyKey: ({ orderId }) => orderId,
});
const orderItem = rowEntity({ name: 'order', schema: z.object({ orderId: z.string() }) });
const outbox = itemOutbox({ tableName: 'shop' });
const capture = captureItems(outbox.mapping, {
  entity: orderItem,
  modify: (now, before, { region, changedPaths }) => {
    expectTypeOf(now).toEqualTypeOf<{ orderId: string }>();
    expectTypeOf(before).toEqualTypeOf<{ orderId: string }>();
    expectTypeOf(region).toEqualTypeOf<string>();
    return changedPaths.length === 0 ? [] : OrderPlaced.create(now);
  },
});

test("handlers fit Lambda's types", () => {
  const handler = streamHandler({ capture, publisher: {} as never });
  expectTypeOf(handler).toExtend<DynamoDBStreamHandler>();
  const enrich = pipeEnrichment({ capture });
  expectTypeOf(enrich).toExtend<(records: DynamoDBRecord[]) => Promise<readonly PipeItem[]>>();
});

test("outbox items fit the clients' types", () => {
  const { outboxItem, transactItems } = outbox;
  const placed = OrderPlaced.create({ orderId: '7' });
  expectTypeOf(outboxItem(placed)).toExtend<TransactWriteItem>();
  expectTypeOf(transactItems([], [placed])).toExtend<TransactWriteItem[]>();
  // @ts-expect-error: several events are what transactItems takes.
  outboxItem([placed]);
  const documents = itemOutbox({ tableName: 'shop', format: 'document' });
  expectTypeOf(documents.transactItems([], [])).toExtend<
    TransactWriteCommandInput['TransactItems']
  >();
});
