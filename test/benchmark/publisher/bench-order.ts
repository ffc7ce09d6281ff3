import { defineEvent, type Envelope } from '@tidings/contract';
import { z } from 'zod';

export const orderData = z.object({
  orderId: z.string(),
  totalCents: z.int(),
  currency: z.enum(['USD', 'CAD']),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int() })),
  note: z.string(),
});

export type OrderData = z.infer<typeof orderData>;

export const BenchOrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  version: '1.0',
  data: orderData,
  idempotencyKey: (order) => `order-${order.orderId}-placed`,
});

/** Data whose event has about 500 bytes, plus `noteBytes`. */
export function orderOf(index: number, noteBytes = 0): OrderData {
  return {
    orderId: `order-${index}`,
    totalCents: 18_900 + index,
    currency: index % 2 === 0 ? 'USD' : 'CAD',
    lines: [
      { sku: 'SKU-100-BLACK', quantity: 1 },
      { sku: 'SKU-200-WHITE', quantity: 2 },
    ],
    note: 'x'.repeat(60 + noteBytes),
  };
}

/** A validated event, as a service makes it. */
export function orderEvent(index: number, noteBytes = 0): Envelope {
  return BenchOrderPlaced.create(orderOf(index, noteBytes));
}
