import {
  anythingBut,
  causedBy,
  defineEvent,
  eventPattern,
  exists,
  numeric,
  prefix,
  wildcard,
} from '@tidings/contract';
import { type DeliveredEvent, type LocalBus, startLocalBus } from '@tidings/local';
import { eventBridgePublisher } from '@tidings/publisher';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

const orderV1 = z.object({ orderId: z.string(), total: z.number() });
const orderV2 = z.object({
  orderId: z.string(),
  totalCents: z.int(),
  currency: z.enum(['USD', 'CAD']),
  items: z.array(z.object({ sku: z.string() })),
});
const OrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  versions: { '1.0': orderV1, '2.0': orderV2 },
  downgrade: {
    '1.0': ({ orderId, totalCents }) => ({ orderId, total: totalCents / 100 }),
  },
  idempotencyKey: (order) => `order-${order.orderId}-placed`,
  orderingKey: (order) => order.orderId,
});

let bus: LocalBus;
const received: Record<string, DeliveredEvent[]> = {};

beforeAll(async () => {
  bus = await startLocalBus({ region: 'eu-west-1' });
  const rule = (name: string, pattern: object) => ({
    name,
    pattern,
    targets: [
      (event: unknown) => {
        received[name] = [...(received[name] ?? []), event as DeliveredEvent];
      },
    ],
  });
  bus.applyRules({
    rules: [
      rule('current', eventPattern(OrderPlaced)),
      rule('older', eventPattern(OrderPlaced, { version: '1.0' })),
      rule(
        'large',
        eventPattern(OrderPlaced, {
          data: {
            totalCents: numeric('>=', 50_000),
            currency: ['USD'],
            items: { sku: prefix('book-') },
            $or: [{ orderId: wildcard('77*') }, { orderId: anythingBut('1') }],
          },
          'replay-name': exists(false),
        }),
      ),
    ],
  });
});

afterAll(() => bus.stop());

test('one publish feeds readers of both majors, each once, and they read it back', async () => {
  const publisher = eventBridgePublisher({
    eventBusName: 'default',
    producer: { service: 'checkout' },
    endpoint: bus.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const order = { orderId: '7781', currency: 'USD' as const, items: [{ sku: 'book-1' }] };
  const small = OrderPlaced.create({ ...order, totalCents: 900 }, { correlationId: 'c' });
  const large = OrderPlaced.create({ ...order, totalCents: 90_000 }, causedBy(small[0]));
  await publisher.publish([...small, ...large]);
  await bus.settled();
  await publisher.close();

  const idsOf = (events: readonly DeliveredEvent[] = []) =>
    events.map((event) => event.detail.metadata.eventId).toSorted();
  const idOf = (index: number) =>
    [small[index], large[index]].map((e) => e?.detail.metadata.eventId);
  expect(idsOf(received.current)).toEqual(idOf(0));
  expect(idsOf(received.older)).toEqual(idOf(1));
  expect(idsOf(received.large)).toEqual([large[0].detail.metadata.eventId]);

  for (const event of [...(received.current ?? []), ...(received.older ?? [])]) {
    const read = OrderPlaced.parse(event);
    expect(read.detail.metadata).toMatchObject({
      correlationId: 'c',
      idempotencyKey: 'order-7781-placed',
      producer: { service: 'checkout' },
    });
    expect(OrderPlaced.parse(JSON.stringify(event))).toEqual(read);
  }
});

test('a malformed envelope is rejected, and nothing of it is sent', async () => {
  const publisher = eventBridgePublisher({
    eventBusName: 'default',
    endpoint: bus.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const [event] = OrderPlaced.create({
    orderId: '1',
    totalCents: 1,
    currency: 'USD',
    items: [],
  });
  const { idempotencyKey: _, ...metadata } = event.detail.metadata;
  const before = bus.requests.length;
  const outcomes = await publisher.publishSettled([
    { ...event, detail: { metadata: metadata as never, data: event.detail.data } },
    { ...event, detail: { x: 1 } as never },
    { ...event, source: 'aws.orders' },
  ]);
  await publisher.close();
  expect(outcomes).toMatchObject([
    { status: 'rejected', message: expect.stringContaining('metadata.idempotencyKey must be') },
    { status: 'rejected', message: expect.stringContaining('detail must be { metadata, data }') },
    { status: 'rejected', message: expect.stringContaining('belongs to AWS') },
  ]);
  expect(bus.requests).toHaveLength(before);
});
