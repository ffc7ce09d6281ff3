import { defineEvent, type Envelope } from '@tidings/contract';
import { captureItems, type ItemCapture, rowEntity, type StreamRecord } from '@tidings/dynamodb';
import { z } from 'zod';

// Items of 1 KB, as DynamoDB counts them, and the event that tells of each.

export const itemSchema = z.object({
  orderId: z.string(),
  status: z.string(),
  totalCents: z.int(),
  currency: z.enum(['USD', 'CAD']),
  note: z.string(),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int(), price: z.number() })),
});
export type Item = z.infer<typeof itemSchema>;

export const ItemPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  version: '1.0',
  data: itemSchema,
  idempotencyKey: (item) => `order-${item.orderId}-placed`,
});

const orderItem = rowEntity({
  name: 'order',
  schema: itemSchema,
  match: { keyPrefix: { pk: 'ORDER#' } },
});

export const capture: ItemCapture = captureItems({
  entity: orderItem,
  insert: (now) => ItemPlaced.create(now),
});

export function itemOf(index: number): Item {
  return {
    orderId: `order-${index}`,
    status: 'placed',
    totalCents: 18_900 + index,
    currency: index % 2 === 0 ? 'USD' : 'CAD',
    note: 'x'.repeat(600),
    lines: [1, 2, 3, 4].map((n) => ({ sku: `SKU-${n}00-BLACK`, quantity: n, price: n + 0.25 })),
  };
}

/** What the publisher alone is given: the same event, of the same data. */
export const eventOf = (index: number): Envelope => ItemPlaced.create(itemOf(index));

/** The record of an item's insertion, as Lambda passes it. */
export function recordOf(index: number): StreamRecord {
  const { orderId, status, totalCents, currency, note, lines } = itemOf(index);
  const keys = { pk: { S: `ORDER#${orderId}` }, sk: { S: 'order' } };
  return {
    eventID: `c81e728d9d4c2f636f067f89${index.toString(16).padStart(8, '0')}`,
    eventName: 'INSERT',
    awsRegion: 'eu-west-1',
    eventSourceARN:
      'arn:aws:dynamodb:eu-west-1:123456789012:table/shop/stream/2026-01-01T00:00:00.000',
    dynamodb: {
      ApproximateCreationDateTime: 1_780_797_600,
      Keys: keys,
      NewImage: {
        ...keys,
        orderId: { S: orderId },
        status: { S: status },
        totalCents: { N: String(totalCents) },
        currency: { S: currency },
        note: { S: note },
        lines: {
          L: lines.map(({ sku, quantity, price }) => ({
            M: { sku: { S: sku }, quantity: { N: `${quantity}` }, price: { N: `${price}` } },
          })),
        },
      },
      SequenceNumber: String(100_000_000_000_000_000_000n + BigInt(index)),
      SizeBytes: 1_024,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
  };
}

/** A batch of so many items, each inserted once. */
export function batchOf(count: number): { readonly Records: readonly StreamRecord[] } {
  return { Records: Array.from({ length: count }, (_, index) => recordOf(index)) };
}
