import { z } from 'zod';
import { defineEvent } from './define-event.ts';
import { eventPattern } from './event-pattern.ts';
import {
  anythingBut,
  cidr,
  equalsIgnoreCase,
  exists,
  numeric,
  prefix,
  suffix,
  wildcard,
} from './pattern-matchers.ts';

export const OrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  versions: {
    '1.0': z.object({ total: z.number() }),
    '2.0': z.object({
      orderId: z.string(),
      totalCents: z.int(),
      currency: z.enum(['USD', 'CAD']),
      gift: z.boolean().optional(),
      coupon: z.string().nullable(),
      customer: z.object({ id: z.string(), address: z.object({ ip: z.string() }).optional() }),
      items: z.array(z.object({ sku: z.string(), qty: z.int() })),
      tags: z.array(z.string()),
      payment: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('card'), last4: z.string() }),
        z.object({ kind: z.literal('bank'), iban: z.string() }),
      ]),
      extra: z.unknown(),
    }),
  },
  idempotencyKey: (order) => order.orderId,
});

export const full = eventPattern(OrderPlaced, {
  data: {
    totalCents: numeric('>=', 50_000),
    currency: ['USD', 'CAD'],
    gift: [true],
    coupon: [null, prefix('SUMMER-')],
    customer: { id: [wildcard('c-*')], address: { ip: cidr('10.0.0.0/24') } },
    items: { sku: suffix('-xl'), qty: [numeric('>', 0, '<', 10), 99] },
    tags: [equalsIgnoreCase('vip'), 'new'],
    payment: { kind: ['card'], last4: exists() },
    extra: { anything: ['goes'] },
    $or: [{ orderId: anythingBut(prefix('test-')) }, { currency: anythingBut('USD') }],
  },
  metadata: { producer: { service: ['checkout'] }, replay: { name: exists(false) } },
  'replay-name': exists(false),
});

export const older = eventPattern(OrderPlaced, { version: '1.0', data: { total: [1] } });

/** What the compiler refuses; it is never run. */
export function refused(): void {
  // @ts-expect-error no such path
  eventPattern(OrderPlaced, { data: { totalCent: numeric('>=', 1) } });
  // @ts-expect-error no such path further down
  eventPattern(OrderPlaced, { data: { customer: { name: ['x'] } } });
  // @ts-expect-error no such path in an array's items
  eventPattern(OrderPlaced, { data: { items: { price: [1] } } });
  // @ts-expect-error no such currency
  eventPattern(OrderPlaced, { data: { currency: ['EUR'] } });
  // @ts-expect-error no such currency to leave out
  eventPattern(OrderPlaced, { data: { currency: anythingBut('EUR') } });
  // @ts-expect-error a number is no text
  eventPattern(OrderPlaced, { data: { totalCents: ['50000'] } });
  // @ts-expect-error a number has no prefix
  eventPattern(OrderPlaced, { data: { totalCents: prefix('5') } });
  // @ts-expect-error text has no range
  eventPattern(OrderPlaced, { data: { orderId: numeric('>', 5) } });
  // @ts-expect-error a leaf is an array of values or a matcher
  eventPattern(OrderPlaced, { data: { currency: 'USD' } });
  // @ts-expect-error an object is no leaf
  eventPattern(OrderPlaced, { data: { customer: ['c'] } });
  // @ts-expect-error a range rises from > to <
  numeric('<', 1, '>', 5);
  // @ts-expect-error no such metadata
  eventPattern(OrderPlaced, { metadata: { tenant: ['x'] } });
  // @ts-expect-error no such version
  eventPattern(OrderPlaced, { version: '3.0' });
  // @ts-expect-error the data is the version's
  eventPattern(OrderPlaced, { version: '1.0', data: { totalCents: numeric('>', 1) } });
}
