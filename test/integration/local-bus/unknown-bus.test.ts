import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { UnknownBus } from '@tidings/local';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { account, type BusFixture, busFixture, region } from '../../support/bus-fixture.ts';

let on: BusFixture;
beforeEach(async () => {
  on = await busFixture({ buses: [`arn:aws:events:us-east-2:${account}:event-bus/orders`] });
});
afterEach(() => on.end());

const put = (EventBusName: string, count: number) =>
  on.events.send(
    new PutEventsCommand({
      Entries: Array.from({ length: count }, () => ({
        EventBusName,
        Source: 'com.acme.orders',
        DetailType: 'OrderPlaced',
        Detail: '{}',
      })),
    }),
  );

test('a bus that does not exist counts what it swallowed, by account, region and name', async () => {
  await put('default', 2);
  expect(on.bus.unknownBuses()).toEqual([]);
  await put('orders', 3);
  await put(`arn:aws:events:us-west-1:111122223333:event-bus/orders`, 1);
  await put('orders', 1);
  const elsewhere = [{ account, region: 'us-east-2' }];
  // A region is known once somebody asked for it.
  await put(`arn:aws:events:us-east-2:${account}:event-bus/orders`, 1);
  const existing = ['default'];
  expect(on.bus.unknownBuses()).toEqual([
    { name: 'orders', account, region, dropped: 4, existing, elsewhere },
    {
      name: 'orders',
      account: '111122223333',
      region: 'us-west-1',
      dropped: 1,
      existing,
      elsewhere,
    },
  ]);
  on.bus.reset();
  expect(on.bus.unknownBuses()).toEqual([]);
});

test('each event that is dropped is told to who watches', async () => {
  const told: UnknownBus[] = [];
  const end = on.bus.watchUnknownBuses((bus) => told.push(bus));
  await put('orders', 2);
  expect(told.map((bus) => [bus.name, bus.dropped])).toEqual([
    ['orders', 1],
    ['orders', 2],
  ]);
  end();
  await put('orders', 1);
  expect(told).toHaveLength(2);
});
