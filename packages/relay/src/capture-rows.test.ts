import { defineEvent, type Envelope, seal } from '@tidings/contract';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CaptureError } from './capture-error.ts';
import { captureRows } from './capture-rows.ts';
import type { Row, RowChange } from './row-change.ts';
import { rowEntity } from './row-entity.ts';
import type { RowMapping } from './row-mapping.ts';

const OrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  version: '1.0',
  data: z.object({ orderId: z.string(), total: z.number() }),
  idempotencyKey: (order) => `order-${order.orderId}-placed`,
});
const OrderShipped = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderShipped',
  versions: {
    '1.0': z.object({ id: z.string() }),
    '2.0': z.object({ orderId: z.string() }),
  },
  downgrade: { '1.0': (order) => ({ id: order.orderId }) },
});
const order = {
  name: 'order',
  schema: z.object({ orderId: z.string(), total: z.number(), status: z.string() }),
  match: { keyPrefix: { pk: 'ORDER#' } },
};
const placed: Row = { pk: 'ORDER#7', orderId: '7', total: 189, status: 'placed' };

function change(fields: Partial<RowChange> = {}): RowChange {
  return {
    id: 'c1',
    table: 'shop',
    operation: 'insert',
    keys: { pk: 'ORDER#7' },
    now: placed,
    occurredAt: new Date('2026-06-07T02:00:00.123Z'),
    ...fields,
  };
}

const modified = change({
  operation: 'modify',
  before: placed,
  now: { ...placed, status: 'shipped' },
});

function metadataOf(events: readonly unknown[]): Envelope['detail']['metadata'][] {
  return events.map((event) => (event as Envelope).detail.metadata);
}

function reasonOf(mapping: Partial<RowMapping<typeof order>>, on: RowChange = change()): string {
  const capture = captureRows({ entity: order, ...mapping } as RowMapping<typeof order>);
  try {
    capture.capture(on);
  } catch (error) {
    expect(error).toBeInstanceOf(CaptureError);
    return (error as Error).message;
  }
  throw new Error('the change was captured');
}

describe('events', () => {
  test('take id and time from the change, the same at every delivery', () => {
    const capture = captureRows({
      entity: order,
      insert: (now) => OrderPlaced.create({ orderId: now.orderId, total: now.total }),
    });
    const [first, again] = [capture.capture(change()), capture.capture(change())];
    expect(first).toEqual(again);
    expect(first).toHaveLength(1);
    expect(metadataOf(first)[0]).toMatchObject({
      eventId: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
      idempotencyKey: 'order-7-placed',
      occurredAt: '2026-06-07T02:00:00.123Z',
    });
    expect(metadataOf(capture.capture(change({ id: 'c2' })))[0]?.eventId).not.toBe(
      metadataOf(first)[0]?.eventId,
    );
  });

  test('keep their ids when a mapping learns to tell of something else too', () => {
    const ship = (orderId: string) => OrderShipped.create({ orderId }, { idempotencyKey: 'k' });
    const place = () => OrderPlaced.create({ orderId: '7', total: 1 });
    const one = captureRows({ entity: order, insert: place });
    const both = captureRows({ entity: order, insert: () => [ship('7'), place()] });
    expect(both.capture(change()).at(-1)).toEqual(one.capture(change())[0]);
  });

  test('of one migration keep one family of ids', () => {
    const capture = captureRows({
      entity: order,
      modify: (now, before, { id, changedPaths }) =>
        before.status !== now.status && changedPaths.includes('status')
          ? OrderShipped.create({ orderId: now.orderId }, { idempotencyKey: id })
          : undefined,
    });
    const [current, older] = metadataOf(capture.capture(modified));
    expect(current).toMatchObject({ version: '2.0', idempotencyKey: 'c1' });
    expect(older).toMatchObject({ version: '1.0', eventId: `${current?.eventId}-v1` });
  });

  test('are none where no mapping speaks of the change', () => {
    const capture = captureRows({ entity: order, insert: () => [], remove: () => undefined });
    expect(capture.capture(change())).toEqual([]);
    expect(capture.capture(modified)).toEqual([]);
    expect(capture.capture(change({ operation: 'remove', before: placed }))).toEqual([]);
    expect(capture.capture(change({ operation: 'expire', before: placed }))).toEqual([]);
    expect(capture.capture(change({ keys: { pk: 'USER#1' }, now: { nothing: 'fits' } }))).toEqual(
      [],
    );
  });

  test('pass as they are where they were sealed before', () => {
    const sealed = seal(OrderPlaced.create({ orderId: '7', total: 1 }));
    const capture = captureRows({ entity: order, insert: () => sealed });
    expect(capture.capture(change())).toEqual([sealed]);
  });
});

test('each entity of a table is mapped on its own', () => {
  const user = rowEntity({
    name: 'user',
    schema: z.object({ email: z.string() }),
    match: { table: 'shop', attributes: { type: 'User' } },
    images: 'new',
  });
  const capture = captureRows(
    { entity: order, insert: (now) => OrderPlaced.create({ orderId: now.orderId, total: 1 }) },
    {
      entity: user,
      modify: (now, before) =>
        OrderPlaced.create({ orderId: `${now.email}-${String(before)}`, total: 2 }),
    },
    {
      entity: rowEntity({ ...order, match: ({ now }) => now?.type === 'Odd' }),
      insert: () => OrderPlaced.create({ orderId: 'odd', total: 3 }),
    },
  );
  expect(capture.entities.map(({ name }) => name)).toEqual(['order', 'user', 'order']);
  expect(capture.capture(change())).toHaveLength(1);
  const userChange = change({
    operation: 'modify',
    keys: { pk: 'USER#1' },
    now: { type: 'User', email: 'a' },
  });
  expect(capture.capture(userChange)).toMatchObject([
    { detail: { data: { orderId: 'a-undefined' } } },
  ]);
  expect(capture.capture({ ...userChange, table: 'other' })).toEqual([]);
  expect(capture.capture(change({ keys: {}, now: { ...placed, type: 'Odd' } }))).toHaveLength(1);
});

describe('poison has a reason that holds no value', () => {
  test.each([
    [
      'an image that its schema refuses',
      reasonOf({ insert: () => undefined }, change({ now: { ...placed, total: 'secret' } })),
      'the new image of order is refused by its schema: total: expected number, received string',
    ],
    [
      'columns that the feed left out',
      reasonOf(
        { insert: () => undefined },
        change({ now: { orderId: '7', status: 'placed' }, omitted: ['total'] }),
      ),
      'total: expected number, received nothing; the feed left out total',
    ],
    [
      'an image that the feed does not carry',
      reasonOf({ modify: () => undefined }, change({ operation: 'modify' })),
      'the old image of order is missing from a change of table shop',
    ],
    [
      'a mapping that throws',
      reasonOf({
        insert: () => {
          throw new TypeError('secret');
        },
      }),
      'insert of order threw TypeError at ',
    ],
    [
      'a mapping that throws no error',
      reasonOf({
        insert: () => {
          throw 'secret';
        },
      }),
      'insert of order threw a value of type string',
    ],
    [
      'data that the contract refuses',
      reasonOf({
        insert: () => OrderPlaced.create({ orderId: 'secret', total: 'secret' as never }),
      }),
      'insert of order was refused: data of OrderPlaced is refused by its schema: data.total',
    ],
    [
      'a promise',
      reasonOf({ insert: (async () => undefined) as never }),
      'insert of order returned a promise: mappings are synchronous',
    ],
    [
      'something that is no event',
      reasonOf({ insert: () => ['secret'] as never }),
      'insert of order returned a value of type string where an event belongs',
    ],
    [
      'two events that pass for one',
      reasonOf({
        insert: () => [
          OrderPlaced.create({ orderId: 'secret', total: 1 }),
          OrderPlaced.create({ orderId: 'secret', total: 2 }),
        ],
      }),
      'insert of order returned two events of one kind with the same idempotencyKey',
    ],
  ])('%s', (_, reason, expected) => {
    expect(reason).toContain(expected);
    expect(reason).not.toContain('secret');
  });
});

test.each([
  [{}, 'an entity must have a name'],
  [{ entity: { name: 'order' } }, 'schema of entity order must be a Standard Schema'],
  [{ entity: { ...order, match: 'ORDER#' } }, 'match of entity order must be'],
  [{ entity: { ...order, images: 'both' } }, 'images of entity order must be one of'],
  [{ entity: order }, 'mapping of order maps nothing'],
  [{ entity: order, update: () => [] }, 'mapping of order knows no "update"'],
  [{ entity: order, insert: 'OrderPlaced' }, 'insert of order must be a function, got string'],
])('a malformed mapping is refused at once', (mapping, message) => {
  expect(() => captureRows(mapping as never)).toThrow(message);
});
