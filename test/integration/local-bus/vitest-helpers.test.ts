import { defineEvent } from '@tidings/contract';
import type { LocalBus } from '@tidings/local';
import { startLocalBus } from '@tidings/local/vitest';
import { eventBridgePublisher } from '@tidings/publisher';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { busClient } from '../../support/bus-client.ts';

const OrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  version: '1.0',
  data: z.object({ orderId: z.string(), lines: z.array(z.object({ sku: z.string() })) }),
  idempotencyKey: (order) => `order-${order.orderId}-placed`,
});
const OrderPaid = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPaid',
  version: '1.0',
  data: z.object({ orderId: z.string() }),
  idempotencyKey: (order) => `order-${order.orderId}-paid`,
});

let bus: LocalBus;
beforeAll(async () => {
  bus = await startLocalBus({ buses: ['orders'] });
  const client = busClient(bus.url);
  const publisher = eventBridgePublisher({ client, eventBusName: 'orders' });
  await publisher.publish([
    OrderPlaced.create({ orderId: '7781', lines: [{ sku: 'a' }, { sku: 'b' }] }),
    OrderPlaced.create({ orderId: '7782', lines: [] }),
  ]);
  await publisher.close();
  client.destroy();
});
afterAll(() => bus.stop());

test('passes for an event of the contract whose data agrees', () => {
  expect(bus).toHavePublished(OrderPlaced);
  expect(bus).toHavePublished(OrderPlaced, { orderId: '7781' });
  expect(bus).toHavePublished(OrderPlaced, { lines: [{ sku: 'a' }, { sku: expect.any(String) }] });
  expect(bus).toHavePublished(OrderPlaced, {}, { times: 2, bus: 'orders' });
});

test('fails otherwise', () => {
  expect(bus).not.toHavePublished(OrderPaid);
  expect(bus).not.toHavePublished(OrderPlaced, { orderId: '1' });
  expect(bus).not.toHavePublished(OrderPlaced, { lines: [{ sku: 'a' }] });
  expect(bus).not.toHavePublished(OrderPlaced, {}, { times: 1 });
  expect(bus).not.toHavePublished(OrderPlaced, {}, { bus: 'default' });
});

test('its message shows what was published', () => {
  expect(() => expect(bus).toHavePublished(OrderPaid, { orderId: '7781' })).toThrow(
    /OrderPaid from com\.acme\.orders [\s\S]*; 0 of 2 events agree\.\n {2}1: OrderPlaced from com\.acme\.orders on orders: \{"orderId":"7781"/,
  );
  expect(() => expect({}).toHavePublished(OrderPaid)).toThrow('takes a bus');
});

test('an event that breaks its contract does not pass', async () => {
  const strict = { ...OrderPaid, parse: OrderPlaced.parse };
  expect(() => expect(bus).toHavePublished({ ...strict, detailType: 'OrderPlaced' })).not.toThrow();
  expect(() =>
    expect(bus).toHavePublished({
      source: 'com.acme.orders',
      detailType: 'OrderPlaced',
      parse: OrderPaid.parse,
    }),
  ).toThrow('breaks its contract');
});

test('waitFor takes an event pattern', async () => {
  const event = await bus.waitFor({ detail: { data: { orderId: ['7782'] } } });
  expect(event.envelope.detail.data).toEqual({ orderId: '7782', lines: [] });
  await expect(bus.waitFor({ source: ['none'] }, { timeoutMs: 10 })).rejects.toThrow(
    'an event that matches {"source":["none"]}',
  );
});
