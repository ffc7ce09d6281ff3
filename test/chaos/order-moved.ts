import { defineEvent } from '@tidings/contract';
import { z } from 'zod';

/** Of the events that writers append; faults of the bus are matched to it. */
export const SOURCE = 'com.acme.orders';

/** What the orders begin with whose events no bus takes. */
export const POISON = 'poison';

/** A step of an order; steps of one order rise by one. */
export const OrderMoved = defineEvent({
  source: SOURCE,
  detailType: 'OrderMoved',
  version: '1.0',
  data: z.object({ order: z.string(), step: z.int(), filler: z.string().optional() }),
  idempotencyKey: ({ order, step }) => `${order}/${step}`,
  orderingKey: ({ order }) => order,
});
