import { type } from 'arktype';
import * as v from 'valibot';
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

const PaymentMade = defineEvent({
  source: 'com.acme.orders',
  detailType: 'PaymentMade',
  version: '1.0',
  data: z.object({
    id: z.string().brand<'PaymentId'>(),
    cents: z.int().brand<'Cents'>(),
    flagged: z.boolean().brand<'Flag'>().optional(),
    payer: z.object({ name: z.string() }).brand<'Payer'>(),
    method: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('card'), last4: z.string(), issuer: z.enum(['a', 'b']) }),
      z.object({ kind: z.literal(['bank', 'giro']), iban: z.string(), issuer: z.string() }),
      z.object({ kind: z.literal('cash'), change: z.int().optional() }),
    ]),
    reference: z.union([z.string(), z.int(), z.object({ invoice: z.string() }), z.null()]),
    notes: z.array(z.union([z.string(), z.object({ text: z.string() })])),
    grid: z.array(z.array(z.int())),
    at: z.tuple([z.number(), z.number()]),
    extra: z.json(),
    prices: z.record(z.string(), z.number()),
    byCurrency: z.record(z.enum(['USD', 'CAD']), z.object({ cents: z.int() })),
    labels: z.partialRecord(z.enum(['eu', 'us']), z.string()),
    nested: z.record(z.string(), z.record(z.string(), z.array(z.string()))),
    open: z.looseObject({ known: z.int() }),
    more: z.object({ known: z.int() }).catchall(z.number()),
    level: z.literal([1, 2, 3]),
  }),
  idempotencyKey: (payment) => payment.id,
});

export const everyKind = eventPattern(PaymentMade, {
  data: {
    id: ['p-1', prefix('p-'), anythingBut('p-2')],
    cents: [100, numeric('>', 5)],
    flagged: [true],
    payer: { name: ['x'] },
    method: { kind: ['card', 'bank'], last4: exists(), iban: prefix('CH'), issuer: ['a', 'other'] },
    reference: { invoice: ['i-1'] },
    notes: { text: suffix('!') },
    grid: [1, numeric('<', 9)],
    at: [numeric('>=', 47)],
    extra: { any: { depth: ['x', 1, null] } },
    prices: { USD: numeric('>', 5), CAD: [1] },
    byCurrency: { USD: { cents: [5] } },
    labels: { eu: ['x'] },
    nested: { a: { b: ['c'] } },
    open: { known: [1], other: ['x'] },
    more: { known: [1], other: [2] },
    level: [1, 2],
    $or: [{ method: { kind: ['cash'] } }, { id: ['p-3'] }],
  },
});
export const otherForms = [
  eventPattern(PaymentMade, { data: { reference: ['r-1', 7, null], notes: ['x'] } }),
  eventPattern(PaymentMade, { data: { extra: ['x', 1, true, null] } }),
  eventPattern(PaymentMade, { data: { extra: { deep: { deeper: [prefix('x')] } } } }),
];

const ValibotPaid = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPaid',
  version: '1.0',
  data: v.object({
    id: v.pipe(v.string(), v.brand('Id')),
    kind: v.variant('by', [
      v.object({ by: v.literal('card'), last4: v.string() }),
      v.object({ by: v.literal('bank'), iban: v.string() }),
    ]),
    prices: v.record(v.string(), v.number()),
  }),
});
const ArkPaid = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPaid',
  version: '1.0',
  data: type({
    id: 'string#id',
    kind: type({ by: "'card'", last4: 'string' }).or({ by: "'bank'", iban: 'string' }),
    prices: { '[string]': 'number' },
    extra: 'object.json',
  }),
});
const data = {
  id: ['o-1'],
  kind: { by: ['card', 'bank'], iban: ['x'] },
  prices: { USD: [1] },
} as const;
export const otherLibraries = [
  eventPattern(ValibotPaid, { data }),
  eventPattern(ArkPaid, { data }),
];

/** What the compiler refuses; it is never run. */
export function refused(): void {
  // @ts-expect-error a branded text is no number
  eventPattern(PaymentMade, { data: { id: [1] } });
  // @ts-expect-error a branded number has no prefix
  eventPattern(PaymentMade, { data: { cents: prefix('1') } });
  // @ts-expect-error no such kind in any of the alternatives
  eventPattern(PaymentMade, { data: { method: { kind: ['card', 'coin'] } } });
  // @ts-expect-error no such member in any of the alternatives
  eventPattern(PaymentMade, { data: { method: { bic: ['x'] } } });
  // @ts-expect-error a member of one alternative keeps its type
  eventPattern(PaymentMade, { data: { method: { change: ['x'] } } });
  // @ts-expect-error no such member in what may be an object
  eventPattern(PaymentMade, { data: { reference: { order: ['x'] } } });
  // @ts-expect-error what may be text is not truth
  eventPattern(PaymentMade, { data: { reference: [true] } });
  // @ts-expect-error items of items are numbers
  eventPattern(PaymentMade, { data: { grid: ['x'] } });
  // @ts-expect-error a record's values are numbers
  eventPattern(PaymentMade, { data: { prices: { USD: ['5'] } } });
  // @ts-expect-error a record has no such key
  eventPattern(PaymentMade, { data: { byCurrency: { EUR: { cents: [5] } } } });
  // @ts-expect-error a record's values have no such member
  eventPattern(PaymentMade, { data: { byCurrency: { USD: { euros: [5] } } } });
  // @ts-expect-error a record's values are lists of text
  eventPattern(PaymentMade, { data: { nested: { a: { b: [1] } } } });
  // @ts-expect-error what is known of an open object keeps its type
  eventPattern(PaymentMade, { data: { open: { known: ['x'] } } });
  // @ts-expect-error no such level
  eventPattern(PaymentMade, { data: { level: [4] } });
  // @ts-expect-error a leaf of JSON is an array of values or a matcher
  eventPattern(PaymentMade, { data: { extra: 'x' } });
  // @ts-expect-error no such kind in Valibot either
  eventPattern(ValibotPaid, { data: { kind: { by: ['coin'] } } });
  // @ts-expect-error no such kind in ArkType either
  eventPattern(ArkPaid, { data: { kind: { by: ['coin'] } } });
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
