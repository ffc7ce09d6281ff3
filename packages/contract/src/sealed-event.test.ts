import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkProducer } from './check-envelope.ts';
import { defineEvent } from './define-event.ts';
import type { Envelope } from './envelope.ts';
import { withContext } from './event-context.ts';
import { checkSealed, seal } from './sealed-event.ts';

const envelope: Envelope = {
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
      orderingKey: '7781',
    },
    data: { orderId: '7781' },
  },
};

function changed(change: (copy: Record<string, never>) => void): Envelope {
  const copy = structuredClone(envelope);
  change(copy as never);
  return copy;
}

// biome-ignore lint/suspicious/noExplicitAny: these tests write what the types forbid
type Any = any;

describe('seal', () => {
  it('writes the detail once', () => {
    const sealed = seal(envelope, { producer: { service: 'checkout' }, traceHeader: 'Root=1' });
    expect(sealed).toEqual({
      source: 'com.acme.orders',
      detailType: 'OrderPlaced',
      time: new Date('2026-06-07T02:00:00.123Z'),
      resources: [],
      detail: JSON.stringify({
        metadata: { ...envelope.detail.metadata, producer: { service: 'checkout' } },
        data: { orderId: '7781' },
      }),
      eventId: '01J',
      idempotencyKey: 'order-7781-placed',
      orderingKey: '7781',
      traceHeader: 'Root=1',
    });
  });

  it.each<[string, (copy: Any) => void, string]>([
    [
      'no detail',
      (copy) => {
        copy.detail = { x: 1 };
      },
      'detail must be { metadata, data }',
    ],
    [
      'more in detail',
      (copy) => {
        copy.detail.x = 1;
      },
      'move its other members into data',
    ],
    [
      "AWS's source",
      (copy) => {
        copy.source = 'aws.orders';
      },
      'belongs to AWS',
    ],
    [
      'a version in the name',
      (copy) => {
        copy['detail-type'] = 'OrderPlacedV2';
      },
      'carries a version',
    ],
    [
      'no event id',
      (copy) => {
        delete copy.detail.metadata.eventId;
      },
      'metadata.eventId must be a string of 1 to 128 characters, got undefined',
    ],
    [
      'no key',
      (copy) => {
        delete copy.detail.metadata.idempotencyKey;
      },
      'metadata.idempotencyKey must be',
    ],
    [
      'a bare major',
      (copy) => {
        copy.detail.metadata.version = '1';
      },
      'version must be "major.minor"',
    ],
    [
      'an instant without ms',
      (copy) => {
        copy.detail.metadata.occurredAt = '2026-06-07T02:00:00Z';
      },
      'metadata.occurredAt must be ISO 8601',
    ],
    [
      'a time of its own',
      (copy) => {
        copy.time = '2026-06-07T02:00:01Z';
      },
      'time must be metadata.occurredAt to the second',
    ],
    [
      'resources that are none',
      (copy) => {
        copy.resources = 'arn';
      },
      'resources must be an array',
    ],
    [
      'a producer without service',
      (copy) => {
        copy.detail.metadata.producer = {};
      },
      'metadata.producer.service',
    ],
    [
      'a replay without a time',
      (copy) => {
        copy.detail.metadata.replay = { name: 'r' };
      },
      'metadata.replay.at',
    ],
    [
      'a Date in the data',
      (copy) => {
        copy.detail.data.at = new Date();
      },
      'data.* is a Date',
    ],
    [
      'a bigint in the data',
      (copy) => {
        copy.detail.data.n = 1n;
      },
      'data.* is a bigint',
    ],
    [
      'NaN in the data',
      (copy) => {
        copy.detail.data.n = [Number.NaN];
      },
      'data.*[0] is NaN',
    ],
    [
      'a cycle',
      (copy) => {
        copy.detail.data.self = copy.detail.data;
      },
      'holds a cycle',
    ],
  ])('refuses %s', (_what, change, message) => {
    expect(() => seal(changed(change))).toThrow(message);
  });
});

it('a changed copy of a created event is checked like any other', () => {
  const contract = defineEvent({
    source: 'com.acme.orders',
    detailType: 'OrderPlaced',
    version: '1.0',
    data: z.object({ orderId: z.string() }),
    idempotencyKey: ({ orderId }) => `order-${orderId}-placed`,
  });
  const created = contract.create({ orderId: '7781' });
  expect(() => seal(created)).not.toThrow();
  expect(() => seal({ ...created, source: 'aws.x' })).toThrow('belongs to AWS');
});

describe('a producer', () => {
  const contract = defineEvent({
    source: 'com.acme.orders',
    detailType: 'OrderPlaced',
    version: '1.0',
    data: z.object({}),
    idempotencyKey: () => 'k',
  });
  const event = contract.create({});
  const { metadata, data } = event.detail;

  it.each([
    [{}],
    [{ service: '' }],
    [{ service: 1 }],
    [{ service: 's', build: '' }],
    [null],
    ['x'],
    [[]],
  ])('%j is refused wherever it comes in', (given) => {
    const producer = given as never;
    const refusal = /^metadata\.producer/;
    expect(() => contract.create({}, { producer })).toThrow(refusal);
    expect(() => withContext({ producer }, () => contract.create({}))).toThrow(refusal);
    expect(() => seal(event, { producer })).toThrow(refusal);
    const detail = { metadata: { ...metadata, producer }, data };
    expect(() => contract.parse({ ...event, detail })).toThrow(refusal);
    expect(() => checkProducer(producer)).toThrow(refusal);
  });

  it('is read back as it was given', () => {
    const producer = { service: 'checkout', build: '4f2c1e9' };
    for (const text of [
      JSON.stringify(contract.create({}, { producer })),
      JSON.stringify({ ...event, detail: JSON.parse(seal(event, { producer }).detail) }),
    ]) {
      expect(contract.parse(text).detail.metadata.producer).toEqual(producer);
    }
  });
});

describe('checkSealed', () => {
  const sealed = seal(envelope);

  it('takes what seal made, and its copy', () => {
    expect(() => checkSealed(sealed)).not.toThrow();
    expect(() => checkSealed({ ...sealed })).not.toThrow();
  });

  it.each([
    [{ detail: '{"x":1}' }, 'detail must be { metadata, data }'],
    [{ detail: 'x' }, 'detail of a sealed event must be JSON text'],
    [{ eventId: '02J' }, 'eventId of a sealed event must be that of its detail'],
    [{ orderingKey: undefined }, 'orderingKey of a sealed event'],
    [{ source: 'aws.x' }, 'belongs to AWS'],
    [{ time: new Date(Number.NaN) }, 'time of a sealed event'],
    [{ time: new Date('+012026-01-01') }, 'of the years 0 to 9999'],
    [{ traceHeader: 'x'.repeat(501) }, 'traceHeader must be'],
  ])('refuses %j', (change, message) => {
    expect(() => checkSealed({ ...sealed, ...change } as never)).toThrow(message);
  });
});
