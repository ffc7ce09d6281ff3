import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ContractError } from './contract-error.ts';
import { defineEvent } from './define-event.ts';
import { checkSealed, seal } from './sealed-event.ts';

const data = z.object({
  orderId: z.string(),
  totalCents: z.int(),
  currency: z.enum(['USD', 'CAD']).default('USD'),
});

const OrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  version: '1.0',
  data,
  idempotencyKey: (order) => `order-${order.orderId}-placed`,
  orderingKey: (order) => order.orderId,
});

const OrderShipped = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderShipped',
  version: '1.2',
  data,
});

const order = { orderId: '7781', totalCents: 18_900 };
const occurredAt = new Date('2026-06-07T02:00:00.123Z');

describe('create', () => {
  it('makes the envelope of the design', () => {
    expect(
      OrderPlaced.create(order, { eventId: '01J', occurredAt, correlationId: '9b1f' }),
    ).toEqual({
      source: 'com.acme.orders',
      'detail-type': 'OrderPlaced',
      time: '2026-06-07T02:00:00Z',
      resources: [],
      detail: {
        metadata: {
          eventId: '01J',
          version: '1.0',
          idempotencyKey: 'order-7781-placed',
          occurredAt: '2026-06-07T02:00:00.123Z',
          correlationId: '9b1f',
          orderingKey: '7781',
        },
        data: { orderId: '7781', totalCents: 18_900, currency: 'USD' },
      },
    });
  });

  it('gives every event an id that rises', () => {
    const ids = Array.from(
      { length: 100 },
      () => OrderPlaced.create(order).detail.metadata.eventId,
    );
    expect(new Set(ids).size).toBe(100);
    expect(ids).toEqual(ids.toSorted());
  });

  it('keeps the event as it was made', () => {
    const items = [{ sku: 'a' }];
    const Packed = defineEvent({
      source: 'com.acme.orders',
      detailType: 'OrderPacked',
      version: '1.0',
      data: z.object({ items: z.unknown() }),
    });
    const event = Packed.create({ items }, { idempotencyKey: 'k' });
    items.push({ sku: 'b' });
    expect(event.detail.data).toEqual({ items: [{ sku: 'a' }] });
    expect(() => {
      (event.detail.data as { items: unknown }).items = [];
    }).toThrow(TypeError);
  });

  it('lists every fault of the data', () => {
    const wrong = { orderId: 7, totalCents: 1.5 } as never;
    expect(() => OrderPlaced.create(wrong)).toThrow(ContractError);
    try {
      OrderPlaced.create(wrong);
    } catch (error) {
      expect((error as ContractError).issues.map(({ path }) => path)).toEqual([
        'orderId',
        'totalCents',
      ]);
    }
  });

  it.each([
    [
      { idempotencyKey: undefined },
      'OrderShipped needs an idempotencyKey: pass one to create, or derive it in the contract',
    ],
    [
      { idempotencyKey: '' },
      'metadata.idempotencyKey must be a string of 1 to 256 characters, got an empty string',
    ],
    [
      { idempotencyKey: 'k'.repeat(257) },
      'metadata.idempotencyKey must be at most 256 characters, got 257: shorten it or hash its parts',
    ],
    [
      { idempotencyKey: 'a b' },
      'metadata.idempotencyKey may hold printable ASCII without spaces only: build it from ids, or hash what people typed',
    ],
    [
      { idempotencyKey: 'k', occurredAt: new Date(Number.NaN) },
      'occurredAt of OrderShipped must be a Date that is valid, of the years 0 to 9999',
    ],
    [
      { idempotencyKey: 'k', occurredAt: new Date('+012026-01-01') },
      'occurredAt of OrderShipped must be a Date that is valid, of the years 0 to 9999',
    ],
    [
      { idempotencyKey: 'k', occurredAt: new Date('-000001-01-01') },
      'occurredAt of OrderShipped must be a Date that is valid, of the years 0 to 9999',
    ],
    [
      { idempotencyKey: 'k', occurredAt: '2026-06-07T02:00:00.123Z' },
      'occurredAt of OrderShipped must be a Date that is valid, of the years 0 to 9999',
    ],
    [
      { idempotencyKey: 'k', replay: { name: 'r', at: '+012026-01-01T00:00:00.000Z' } },
      'metadata.replay.at must be ISO 8601 in UTC with milliseconds, such as "2026-06-07T02:00:00.123Z"',
    ],
    [
      { idempotencyKey: 'k', traceparent: 'x' },
      'metadata.traceparent must be a W3C header "00-<32 hex>-<16 hex>-<2 hex>", or be left out',
    ],
    [
      { idempotencyKey: 'k', resources: [''] },
      'each of resources must be a string of 1 to 2048 characters: write ARNs or names',
    ],
    [
      { idempotencyKey: 'k', correlationId: '' },
      'metadata.correlationId must be a string that is not empty, or be left out',
    ],
  ])('refuses the options %j', (options, message) => {
    expect(() => OrderShipped.create(order, options as never)).toThrow(new ContractError(message));
  });

  it('refuses a key for a contract that derives one', () => {
    expect(() => OrderPlaced.create(order, { idempotencyKey: 'k' } as never)).toThrow(
      'OrderPlaced derives its idempotencyKey from the data',
    );
  });

  it('refuses a schema that validates asynchronously', () => {
    const Checked = defineEvent({
      source: 'com.acme.orders',
      detailType: 'OrderChecked',
      version: '1.0',
      data: {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: async (value: unknown) => ({ value }),
        },
      },
    });
    expect(() => Checked.create({}, { idempotencyKey: 'k' })).toThrow(
      'the schema of OrderChecked validates asynchronously',
    );
  });
});

describe('read', () => {
  const base = { source: 'com.acme.orders', detailType: 'OrderPaid', idempotencyKey: () => 'k' };
  const inText = z.object({ total: z.string().transform(Number) });
  const read = z.object({ total: z.number() });

  it('reads back what a schema turned into something else', () => {
    const OrderPaid = defineEvent({ ...base, version: '1.0', data: inText, read });
    const event = OrderPaid.create({ total: '150.00' });
    expect(event.detail.data).toEqual({ total: 150 });
    expect(OrderPaid.parse(JSON.stringify(event))).toEqual(event);
    expect(OrderPaid.outputs).toEqual({ '1.0': read });
  });

  it('is of each version that needs one', () => {
    const OrderPaid = defineEvent({
      ...base,
      versions: { '1.0': inText, '2.0': z.object({ cents: z.int() }) },
      read: { '1.0': read },
      downgrade: { '1.0': ({ cents }) => ({ total: String(cents / 100) }) },
    });
    const events = OrderPaid.create({ cents: 15_000 });
    expect(events.map(({ detail }) => detail.data)).toEqual([{ cents: 15_000 }, { total: 150 }]);
    expect(events.map((event) => OrderPaid.parse(JSON.stringify(event)))).toEqual(events);
  });

  it('must take what the schema makes, at each event', () => {
    const OrderPaid = defineEvent({
      ...base,
      version: '1.0',
      data: inText,
      read: z.object({ total: z.number().max(100) }),
    });
    expect(OrderPaid.create({ total: '100' }).detail.data).toEqual({ total: 100 });
    expect(() => OrderPaid.create({ total: '101' })).toThrow(
      'data of OrderPaid would not be read back as it is published: let the schema take what it makes, or add read',
    );
  });
});

describe('data', () => {
  const anyData = defineEvent({
    source: 'com.acme.orders',
    detailType: 'OrderNoted',
    version: '1.0',
    data: z.unknown(),
    idempotencyKey: () => 'k',
  });

  it('keeps members of any name', () => {
    const text = '{"__proto__":{"a":1},"constructor":"b","hasOwnProperty":[{"__proto__":null}]}';
    const event = anyData.create(JSON.parse(text));
    expect(JSON.stringify(event.detail.data)).toBe(text);
    const read = anyData.parse(JSON.stringify(event));
    expect(JSON.stringify(read.detail.data)).toBe(text);
    expect(JSON.stringify(JSON.parse(seal(event).detail).data)).toBe(text);
    expect(Object.getPrototypeOf(read.detail.data)).toBe(Object.prototype);
  });

  it('takes a text of 20 MB', () => {
    const note = 'x'.repeat(20_000_000);
    const event = anyData.create({ note });
    expect(seal(event).detail).toHaveLength(JSON.stringify(event.detail).length);
  });

  it('refuses what is too much for any event, at once', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle, cycle);
    expect(() => anyData.create(cycle)).toThrow(
      'nested more than 990 levels deep or holds a cycle',
    );
    let shared: unknown = 'x';
    for (let level = 0; level < 40; level += 1) shared = [shared, shared];
    expect(() => anyData.create(shared)).toThrow('the same object in very many places');
    const text = 'x'.repeat(50_000_000);
    const texts = Array.from({ length: 12 }, () => text);
    expect(() => seal(anyData.create(texts))).toThrow('detail is longer than any text can be');
  });
});

describe('defineEvent', () => {
  const definition = { source: 'com.acme.orders', detailType: 'OrderPlaced', version: '1.0', data };

  it.each([
    [{ source: 'aws.orders' }, "source 'aws.orders' belongs to AWS"],
    [{ source: 'aws' }, "source 'aws' belongs to AWS"],
    [{ source: 'orders' }, "source 'orders' is not reverse-DNS"],
    [{ source: 'com.Acme' }, "source 'com.Acme' is not reverse-DNS"],
    [{ source: 'com.acme-' }, "source 'com.acme-' is not reverse-DNS"],
    [{ source: `com.${'a'.repeat(253)}` }, 'source must be at most 256 characters, got 257'],
    [{ source: '' }, 'source is missing'],
    [
      { detailType: 'PlaceOrder' },
      "detailType 'PlaceOrder' is a command: write the fact, 'OrderPlaced'",
    ],
    [
      { detailType: 'OrderPlacedV2' },
      "detailType 'OrderPlacedV2' carries a version: write 'OrderPlaced'",
    ],
    [
      { detailType: 'OrderPlaced.v2' },
      "detailType 'OrderPlaced.v2' carries a version: write 'OrderPlaced'",
    ],
    [
      { detailType: `${'A'.repeat(123)}Placed` },
      'detailType must be at most 128 characters, got 129',
    ],
    [{ detailType: undefined }, 'detailType is missing'],
    [{ version: '1' }, 'version must be "major.minor", such as "1.0", got "1"'],
    [{ version: '1.0.0' }, 'version must be "major.minor"'],
    [{ version: '01.0' }, 'version must be "major.minor"'],
    [{ data: {} }, 'data of OrderPlaced must be a Standard Schema'],
    [{ read: {} }, 'read of OrderPlaced must be a Standard Schema'],
    [{ read: z.object({}).transform(String) }, 'the schema of OrderPlaced turns its values'],
    [{ orderingkey: String }, `defineEvent has no option "orderingkey"; did you mean orderingKey?`],
    [
      { version: undefined, data: undefined, versions: { '1.0': data }, read: { '1.1': data } },
      `read of OrderPlaced has no option "1.1"; did you mean 1.0?`,
    ],
  ])('refuses %j', (change, message) => {
    expect(() => defineEvent({ ...definition, ...change } as never)).toThrow(message);
  });

  it('takes a domain word with factName', () => {
    const OrderNoShow = defineEvent({
      ...definition,
      detailType: 'OrderNoShow',
      factName: 'not-a-verb',
    });
    const event = OrderNoShow.create(order, { idempotencyKey: 'k' });
    expect(() => checkSealed({ ...seal(event) })).not.toThrow();
    expect(() => seal({ ...event })).not.toThrow();
    expect(() => seal({ ...event, 'detail-type': 'CartNoShow' })).toThrow('is a command');
  });
});
