import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineEvent } from './define-event.ts';

const orderV1 = z.object({ orderId: z.string(), total: z.number() });
const orderV2 = z.object({ orderId: z.string(), totalCents: z.int() });
const definition = {
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  versions: { '2.0': orderV2, '1.0': orderV1 },
  idempotencyKey: (order: { orderId: string }) => `order-${order.orderId}-placed`,
  orderingKey: (order: { orderId: string }) => order.orderId,
} as const;

const Migrating = defineEvent({
  ...definition,
  downgrade: {
    '1.0': (order) => ({ orderId: order.orderId, total: order.totalCents / 100 }),
  },
});
const order = { orderId: '7781', totalCents: 18_900 };

describe('a migration', () => {
  it('makes one event in both majors, of one id family and one key', () => {
    const [current, older, ...rest] = Migrating.create(order, { correlationId: 'c' });
    expect(rest).toEqual([]);
    const { eventId, ...metadata } = current.detail.metadata;
    expect(current.detail).toMatchObject({ data: order, metadata: { version: '2.0' } });
    expect(older?.detail).toEqual({
      metadata: { ...metadata, eventId: `${eventId}-v1`, version: '1.0' },
      data: { orderId: '7781', total: 189 },
    });
    expect(older?.time).toBe(current.time);
  });

  it('ends by taking the downgrade out', () => {
    const event = defineEvent(definition).create(order);
    expect(event.detail).toMatchObject({ data: order, metadata: { version: '2.0' } });
  });

  it('reads both majors, and minors that it does not know', () => {
    const [current, older] = Migrating.create(order);
    expect(Migrating.parse(current)).toEqual(current);
    expect(Migrating.parse(older)).toEqual(older);
    const { metadata, data } = current.detail;
    const newer = { metadata: { ...metadata, version: '2.7' }, data: { ...data, coupon: 'x' } };
    expect(Migrating.parse({ ...current, detail: newer }).detail.data).toEqual(order);
  });

  it('refuses a major that it does not know', () => {
    const [current] = Migrating.create(order);
    const detail = { ...current.detail, metadata: { ...current.detail.metadata, version: '3.0' } };
    expect(() => Migrating.parse({ ...current, detail })).toThrow(
      'OrderPlaced 3.0 is of a major that this contract does not know (it knows 1.0, 2.0): update the contract',
    );
  });

  it('holds what a downgrade makes to the older schema', () => {
    const Wrong = defineEvent({
      ...definition,
      downgrade: { '1.0': () => ({ orderId: '7781' }) as never },
    });
    expect(() => Wrong.create(order)).toThrow(
      'data of OrderPlaced 1.0 is refused by its schema: data.total: expected number, received nothing',
    );
  });

  it.each([
    [{ versions: {} }, "versions of OrderPlaced is empty: write at least { '1.0': schema }"],
    [{ version: '2.0' }, 'OrderPlaced has both version and versions'],
    [{ versions: { '1': orderV1 } }, 'version must be "major.minor"'],
    [{ downgrade: { '1.5': () => order } }, "downgrade '1.5' of OrderPlaced has no schema"],
    [{ downgrade: { '2.0': () => order } }, "downgrade '2.0' of OrderPlaced is of a major"],
    [{ downgrade: { '1.0': 'x' } }, "downgrade '1.0' of OrderPlaced must be a function"],
    [{ idempotencyKey: 'x' }, 'idempotencyKey of OrderPlaced must be a function of the data, got'],
  ])('refuses %j', (change, message) => {
    expect(() => defineEvent({ ...definition, ...change } as never)).toThrow(message);
  });
});
