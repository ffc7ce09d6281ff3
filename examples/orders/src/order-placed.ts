import { defineEvent } from '@tidings/contract';
import { z } from 'zod';

/** A customer's order was placed. */
export const OrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  version: '1.0',
  data: z.object({
    orderId: z.string(),
    totalCents: z.int(),
    currency: z.enum(['USD', 'CAD']),
  }),
  idempotencyKey: (order) => `order-${order.orderId}-placed`,
  orderingKey: (order) => order.orderId,
});
