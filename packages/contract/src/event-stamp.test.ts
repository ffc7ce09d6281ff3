import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from './define-event.ts';
import { currentStamp, type EventStamp, withStamp } from './event-stamp.ts';

const OrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  version: '1.0',
  data: z.object({ orderId: z.string() }),
});

function stamp(): EventStamp {
  let count = 0;
  return {
    occurredAt: new Date('2026-06-07T02:00:00.123Z'),
    nextEventId: (detailType) => `${detailType}-${count++}`,
  };
}

// What code that no compiler checks may do.
const create = OrderPlaced.create as (data: object, options?: object) => unknown;

test('a stamp gives id, time and the key that nobody else gives', () => {
  const events = withStamp(stamp(), () => [create({ orderId: '1' }), create({ orderId: '2' })]);
  expect(events).toMatchObject([
    {
      time: '2026-06-07T02:00:00Z',
      detail: {
        metadata: {
          eventId: 'OrderPlaced-0',
          idempotencyKey: 'OrderPlaced-0',
          occurredAt: '2026-06-07T02:00:00.123Z',
        },
      },
    },
    { detail: { metadata: { eventId: 'OrderPlaced-1' } } },
  ]);
});

test("create's options come before the stamp", () => {
  const occurredAt = new Date('2020-01-01T00:00:00.000Z');
  const event = withStamp(stamp(), () =>
    OrderPlaced.create({ orderId: '1' }, { idempotencyKey: 'k', eventId: 'mine', occurredAt }),
  );
  expect(event.detail.metadata).toMatchObject({
    eventId: 'mine',
    idempotencyKey: 'k',
    occurredAt: '2020-01-01T00:00:00.000Z',
  });
});

test('a stamp ends with its function, also when that throws, and gives way to an inner one', () => {
  const [outer, inner] = [stamp(), stamp()];
  withStamp(outer, () => {
    withStamp(inner, () => expect(currentStamp()).toBe(inner));
    expect(currentStamp()).toBe(outer);
    expect(() =>
      withStamp(inner, () => {
        throw new Error('mapping');
      }),
    ).toThrow('mapping');
    expect(currentStamp()).toBe(outer);
  });
  expect(currentStamp()).toBeUndefined();
  expect(() => create({ orderId: '1' })).toThrow('OrderPlaced needs an idempotencyKey');
});
