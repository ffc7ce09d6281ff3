import { defineEvent } from '@tidings/contract';
import {
  captureRows,
  cdcHandler,
  type KafkaEvent,
  type KafkaRecord,
  type KinesisEvent,
  type KinesisRecord,
  rowEntity,
} from '@tidings/kinesis';
import { type Fault, type LocalBus, startLocalBus } from '@tidings/local';
import { eventBridgePublisher } from '@tidings/publisher';
import { silentLogger } from '@tidings/relay';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { expectAllOrders } from '../../support/expect-all-orders.ts';

const OrderChanged = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderChanged',
  version: '1.0',
  data: z.object({ orderId: z.int(), step: z.int() }),
  idempotencyKey: ({ orderId, step }) => `order-${orderId}-step-${step}`,
});
const order = rowEntity({
  name: 'order',
  schema: z.object({ id: z.int(), step: z.int() }),
  images: 'new',
});
const changed = ({ id, step }: z.infer<typeof order.schema>) =>
  OrderChanged.create({ orderId: id, step });
const capture = captureRows({ entity: order, insert: changed, modify: changed });

const rows = 12;
const steps = 20;
const partitions = 3;
const batchSize = 40;

/** Steps of all rows as Debezium tells them, tombstones and heartbeats in between. */
const changes = Array.from({ length: rows * steps }, (_, n) => {
  const after = { id: n % rows, step: Math.floor(n / rows) };
  const source = {
    connector: 'postgresql',
    name: 'shop',
    db: 'shop',
    schema: 'public',
    table: 'orders',
    ts_ms: 1_780_797_600_000 + n,
    txId: 500 + n,
    lsn: 24_023_128 + n,
  };
  const value = { before: null, after, source, op: after.step === 0 ? 'c' : 'u' };
  return { key: JSON.stringify({ id: after.id }), value: JSON.stringify(value), row: after.id };
}).flatMap((change, n) =>
  n % 7 === 0
    ? [change, { ...change, value: n % 2 === 0 ? '' : '{"ts_ms":1780797600961}' }]
    : [change],
);
const expectedKeys = new Set(
  Array.from({ length: rows * steps }, (_, n) => {
    return `order-${n % rows}-step-${Math.floor(n / rows)}`;
  }),
);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const kinesisRecords: readonly KinesisRecord[] = changes.map(({ key, value }, n) => ({
  eventID: `shardId-000000000000:${n + 1}`,
  kinesis: { data: base64(value), partitionKey: key, sequenceNumber: `${n + 1}` },
}));
const kafkaRecords: ReadonlyMap<string, readonly KafkaRecord[]> = new Map(
  Array.from({ length: partitions }, (_, partition) => [
    `orders-${partition}`,
    changes
      .filter(({ row }) => row % partitions === partition)
      .map(({ key, value }, offset) => ({ offset, key: base64(key), value: base64(value) })),
  ]),
);

const faultCases: readonly { readonly name: string; readonly faults: readonly Fault[] }[] = [
  { name: 'no fault', faults: [] },
  {
    name: 'partial failure',
    faults: [
      {
        when: { probability: 0.5, seed: 3 },
        action: { type: 'entry-fail', code: 'InternalFailure', fraction: 0.4 },
      },
    ],
  },
  {
    name: 'HTTP 503',
    faults: [
      { when: { probability: 0.4, seed: 5 }, action: { type: 'request-fail', preset: '503' } },
    ],
  },
  {
    name: 'reset after accept',
    faults: [
      { when: { probability: 0.3, seed: 7 }, action: { type: 'commit-then', symptom: 'reset' } },
    ],
  },
];

let bus: LocalBus;
beforeEach(async () => {
  bus = await startLocalBus({ buses: ['orders'] });
});
afterEach(() => bus.stop());

/** Gives up at once: what is retried is retried by Lambda. */
function impatientHandler() {
  const publisher = eventBridgePublisher({
    eventBusName: 'orders',
    endpoint: bus.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestTimeoutMs: 1_000,
  });
  const options = { capture, publisher, logger: silentLogger, decimals: 'string' } as const;
  return { publisher, handler: cdcHandler({ ...options, failures: 'report' }) };
}

/** Rows' steps arrive in their order, a repetition aside. */
function expectRowsInOrder(): void {
  const reached = new Map<number, number>();
  for (const { detail } of bus.events) {
    const { orderId, step } = JSON.parse(detail).data as { orderId: number; step: number };
    const last = reached.get(orderId) ?? -1;
    expect(step).toBeLessThanOrEqual(last + 1);
    reached.set(orderId, Math.max(last, step));
  }
}

test.each(faultCases)(
  'Kinesis, $name: every change arrives, repeated with its id',
  async ({ faults }) => {
    bus.setFaults(faults);
    const { publisher, handler } = impatientHandler();
    let deliveries = 0;
    for (let at = 0; at < kinesisRecords.length; deliveries++) {
      const Records = kinesisRecords.slice(at, at + batchSize);
      const event: KinesisEvent = { Records };
      const { batchItemFailures } = await handler(event, {
        getRemainingTimeInMillis: () => 60_000,
      });
      expect(batchItemFailures.length).toBeLessThan(2);
      const first = batchItemFailures[0]?.itemIdentifier;
      const unsettled = Records.findIndex(({ kinesis }) => kinesis?.sequenceNumber === first);
      expect(unsettled === -1).toBe(first === undefined);
      at += unsettled === -1 ? Records.length : unsettled;
    }
    await publisher.close();
    expectAllOrders(expectedKeys, bus.events);
    expectRowsInOrder();
    if (faults.length > 0) {
      expect(deliveries).toBeGreaterThan(Math.ceil(kinesisRecords.length / batchSize));
    }
  },
);

test.each(faultCases)(
  'Kafka, $name: every partition goes on from its own first unsettled record',
  async ({ faults }) => {
    bus.setFaults(faults);
    const { publisher, handler } = impatientHandler();
    const at = new Map([...kafkaRecords.keys()].map((name) => [name, 0]));
    for (;;) {
      const batch = Object.fromEntries(
        [...kafkaRecords].map(([name, records]) => {
          const from = at.get(name) ?? 0;
          return [name, records.slice(from, from + batchSize)];
        }),
      );
      if (Object.values(batch).every(({ length }) => length === 0)) break;
      const event: KafkaEvent = { records: batch };
      const { batchItemFailures } = await handler(event, {
        getRemainingTimeInMillis: () => 60_000,
      });
      const named = new Map(
        batchItemFailures.map(({ itemIdentifier }) => [itemIdentifier.partition, itemIdentifier]),
      );
      expect(named.size).toBe(batchItemFailures.length);
      for (const [name, records] of Object.entries(batch)) {
        const resumeAt = named.get(name)?.offset ?? (at.get(name) ?? 0) + records.length;
        expect(resumeAt).toBeGreaterThanOrEqual(at.get(name) ?? 0);
        at.set(name, resumeAt);
      }
    }
    await publisher.close();
    expectAllOrders(expectedKeys, bus.events);
    expectRowsInOrder();
  },
);

test('what a connector sends again after a restart has the ids that it had', async () => {
  const { publisher, handler } = impatientHandler();
  const again = kinesisRecords.map((record, n) => ({
    eventID: `shardId-000000000001:${9_000 + n}`,
    kinesis: { ...record.kinesis, sequenceNumber: `${9_000 + n}` },
  }));
  await handler({ Records: kinesisRecords });
  await handler({ Records: again });
  await publisher.close();
  expect(expectAllOrders(expectedKeys, bus.events)).toBe(expectedKeys.size);
});

test('an answer comes before the time is up, and names what is open', async () => {
  bus.setFaults([{ action: { type: 'before-commit', symptom: 'hang' } }]);
  const { publisher, handler } = impatientHandler();
  const remaining = { getRemainingTimeInMillis: () => 1_100 };
  expect(await handler({ Records: kinesisRecords.slice(0, 3) }, remaining)).toEqual({
    batchItemFailures: [{ itemIdentifier: '1' }],
  });
  const none = { getRemainingTimeInMillis: () => 500 };
  expect(await handler({ Records: kinesisRecords.slice(3, 5) }, none)).toEqual({
    batchItemFailures: [{ itemIdentifier: '4' }],
  });
  bus.setFaults([]);
  await publisher.close();
});

test('a Kafka batch fails as a whole unless one says that Lambda reads reports', async () => {
  const { publisher } = impatientHandler();
  const handler = cdcHandler({ capture, publisher, logger: silentLogger });
  const records = { 'orders-0': [{ offset: 7, key: base64('1'), value: base64('nonsense') }] };
  await expect(handler({ records })).rejects.toThrow('1 records of 1 partitions are not settled.');
  await publisher.close();
});
