import { z } from 'zod';
import type { CheckedVersion, LatestVersion, PreviousMinor } from './contract-version-type.ts';
import { defineEvent } from './define-event.ts';
import type { Envelope } from './envelope.ts';
import type { AnyEventContract, EventContract, EventOf } from './event-contract.ts';
import type { CheckedMinors } from './event-definition.ts';
import type { PublishableEvent } from './publisher.ts';
import type { CheckedSource } from './source-name-type.ts';

type Equal<Left, Right> =
  (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;
type Holds<Assertion extends true> = Assertion;

const orderV1 = z.object({ orderId: z.string(), total: z.number() });
const orderV2 = z.object({
  orderId: z.string(),
  totalCents: z.int(),
  currency: z.enum(['USD', 'CAD']).default('USD'),
});
interface OrderV1 {
  orderId: string;
  total: number;
}
interface OrderV2 {
  orderId: string;
  totalCents: number;
  currency: 'USD' | 'CAD';
}

// --- the sentences -----------------------------------------------------------------------

export type Sources = [
  Holds<Equal<CheckedSource<'com.acme.orders'>, 'com.acme.orders'>>,
  Holds<Equal<CheckedSource<'com.acme-2.o2'>, 'com.acme-2.o2'>>,
  Holds<Equal<CheckedSource<'awesome.orders'>, 'awesome.orders'>>,
  Holds<Equal<CheckedSource<string>, string>>,
  Holds<Equal<CheckedSource<`com.${string}`>, `com.${string}`>>,
  Holds<
    Equal<
      CheckedSource<'aws.orders'>,
      "source 'aws.orders' belongs to AWS: write a namespace you own, such as 'com.acme.orders'"
    >
  >,
  Holds<
    Equal<
      CheckedSource<'orders'>,
      "source 'orders' is not reverse-DNS: write two or more lower-case labels joined by dots, such as 'com.acme.orders'"
    >
  >,
  Holds<
    CheckedSource<'com.Acme'> extends `source 'com.Acme' is not reverse-DNS${string}` ? true : false
  >,
  Holds<CheckedSource<'com..acme'> extends `${string}not reverse-DNS${string}` ? true : false>,
  Holds<CheckedSource<'com.acme-'> extends `${string}not reverse-DNS${string}` ? true : false>,
  Holds<CheckedSource<'com.-acme'> extends `${string}not reverse-DNS${string}` ? true : false>,
  Holds<CheckedSource<'com.acme.'> extends `${string}not reverse-DNS${string}` ? true : false>,
  Holds<
    Equal<
      CheckedSource<''>,
      "source is missing: write a namespace you own, such as 'com.acme.orders'"
    >
  >,
];

export type Versions = [
  Holds<Equal<CheckedVersion<'1.0'>, '1.0'>>,
  Holds<Equal<CheckedVersion<string>, string>>,
  Holds<Equal<CheckedVersion<'1'>, "version must be 'major.minor', such as '1.0', got '1'">>,
  Holds<
    Equal<CheckedVersion<'1.0.0'>, "version must be 'major.minor', such as '1.0', got '1.0.0'">
  >,
  Holds<Equal<LatestVersion<'1.0'>, '1.0'>>,
  Holds<Equal<LatestVersion<'1.0' | '2.0' | '10.1' | '9.12' | '10.0'>, '10.1'>>,
  Holds<Equal<LatestVersion<'1.9' | '1.10' | '1.2'>, '1.10'>>,
  Holds<Equal<PreviousMinor<'1.10', '0.9' | '1.2' | '1.9' | '1.10' | '2.0'>, '1.9'>>,
  Holds<Equal<PreviousMinor<'2.0', '1.9' | '2.0'>, never>>,
];

type Minors = CheckedMinors<{
  '1.0': typeof orderV1;
  '1.1': typeof orderV2;
  '2.0': typeof orderV2;
}>;
export type MinorsAreCompared = Holds<
  Equal<
    Minors,
    {
      readonly '1.0': unknown;
      readonly '1.1': "version '1.1' breaks readers of '1.0': make it a new major";
      readonly '2.0': unknown;
    }
  >
>;

// --- defineEvent says them ---------------------------------------------------------------

const base = { source: 'com.acme.orders', version: '1.0', data: orderV2 } as const;

// @ts-expect-error detailType 'PlaceOrder' is a command: write the fact, 'OrderPlaced'
defineEvent({ ...base, detailType: 'PlaceOrder' });
// @ts-expect-error detailType 'OrderPlacedV2' carries a version
defineEvent({ ...base, detailType: 'OrderPlacedV2' });
// @ts-expect-error source 'aws.orders' belongs to AWS
defineEvent({ ...base, detailType: 'OrderPlaced', source: 'aws.orders' });
// @ts-expect-error version must be 'major.minor'
defineEvent({ ...base, detailType: 'OrderPlaced', version: '1' });
// @ts-expect-error data is no Standard Schema
defineEvent({ ...base, detailType: 'OrderPlaced', data: {} });
// @ts-expect-error data is missing
defineEvent({ source: 'com.acme.orders', detailType: 'OrderPlaced', version: '1.0' });
// @ts-expect-error version and versions
defineEvent({ ...base, detailType: 'OrderPlaced', versions: { '2.0': orderV2 } });
// @ts-expect-error the names are literals whichever way the schemas are written
defineEvent({ source: 'com.acme.orders', detailType: 'PlaceOrder', versions: { '1.0': orderV2 } });
// @ts-expect-error a key is derived from what the data has
defineEvent({ ...base, detailType: 'OrderPlaced', idempotencyKey: (order) => order.id });
// @ts-expect-error a key is a string
defineEvent({ ...base, detailType: 'OrderPlaced', idempotencyKey: (order) => order.totalCents });

defineEvent({ ...base, detailType: 'OrderNoShow', factName: 'not-a-verb' });
defineEvent({ ...base, detailType: 'PlaceOrder' as string, source: 'x' as string });

// --- create and parse --------------------------------------------------------------------

export const OrderPlaced = defineEvent({
  ...base,
  detailType: 'OrderPlaced',
  idempotencyKey: (order) => `order-${order.orderId}-placed`,
  orderingKey: (order) => order.orderId,
  resources: (order) => [`order/${order.orderId}`],
});
const placed = OrderPlaced.create({ orderId: '7781', totalCents: 1 }, { correlationId: 'c' });
OrderPlaced.create({ orderId: '7781', totalCents: 1, currency: 'CAD' });
// @ts-expect-error the data is the schema's input
OrderPlaced.create({ orderId: 7781, totalCents: 1 });
// @ts-expect-error the contract derives the key
OrderPlaced.create({ orderId: '7781', totalCents: 1 }, { idempotencyKey: 'k' });

const OrderShipped = defineEvent({ ...base, detailType: 'OrderShipped' });
OrderShipped.create({ orderId: '7781', totalCents: 1 }, { idempotencyKey: 'k' });
// @ts-expect-error the contract derives no key
OrderShipped.create({ orderId: '7781', totalCents: 1 });
// @ts-expect-error the contract derives no key
OrderShipped.create({ orderId: '7781', totalCents: 1 }, { correlationId: 'c' });

const Migrating = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  versions: { '1.0': orderV1, '2.0': orderV2 },
  downgrade: {
    '1.0': (order) => ({ orderId: order.orderId, total: order.totalCents / 100 }),
  },
  idempotencyKey: (order) => `order-${order.orderId}-placed`,
});
const both = Migrating.create({ orderId: '7781', totalCents: 1 });
const read = Migrating.parse('{}');
const resolved = Migrating.parse('{}', { claimCheck: async (detail) => detail });

defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  versions: { '1.0': orderV1, '2.0': orderV2 },
  // @ts-expect-error a downgrade makes the older data
  downgrade: { '1.0': (order) => ({ orderId: order.orderId, total: 'much' }) },
});

export type Made = [
  Holds<Equal<typeof placed, Envelope<OrderV2, 'OrderPlaced'>>>,
  Holds<Equal<EventOf<typeof OrderPlaced>, Envelope<OrderV2, 'OrderPlaced'>>>,
  Holds<
    Equal<
      typeof both,
      readonly [Envelope<OrderV2, 'OrderPlaced'>, ...(readonly Envelope<OrderV1, 'OrderPlaced'>[])]
    >
  >,
  Holds<Equal<typeof read, Envelope<OrderV1, 'OrderPlaced'> | Envelope<OrderV2, 'OrderPlaced'>>>,
  Holds<Equal<typeof resolved, Promise<typeof read>>>,
];

const OrderPacked = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPacked',
  version: '1.0',
  data: z.object({
    id: z.string().brand<'OrderId'>(),
    items: z.array(z.object({ sku: z.string(), at: z.tuple([z.number(), z.number()]) })),
    labels: z.record(z.string(), z.string()),
    rest: z.unknown(),
    any: z.any(),
  }),
});
const packed = {
  id: '7781',
  items: [{ sku: 'a', at: [1, 2] }],
  labels: { a: 'b' },
  rest: new Map(),
  any: 1,
} as const;
OrderPacked.create(packed, { idempotencyKey: 'k' });
// @ts-expect-error a tuple has two items
OrderPacked.create({ ...packed, items: [{ sku: 'a', at: [1] }] }, { idempotencyKey: 'k' });

/** What `create` returns goes to a publisher, also while a migration lasts. */
export const publishable: (PublishableEvent | readonly PublishableEvent[])[] = [placed, both];

/** Any contract goes where a function takes one. */
export const contracts: readonly AnyEventContract[] = [OrderPlaced, OrderShipped, Migrating];
export type TypesOf = typeof OrderPlaced extends EventContract<infer Types> ? Types : never;
