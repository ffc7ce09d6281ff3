import type { DeadLetter } from '@tidings/contract';
import { type StreamHandlerOptions, streamHandler } from '@tidings/dynamodb';
import { type Fault, type LocalBus, startLocalBus } from '@tidings/local';
import { type EventBridgePublisher, eventBridgePublisher } from '@tidings/publisher';
import { silentLogger } from '@tidings/relay';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { readTable, runEventSourceMapping } from '../../support/dynamodb-event-source.ts';
import { expectAllFacts, expectItemOrder } from '../../support/dynamodb-expect.ts';
import {
  type DynamoLocal,
  describeWithDynamo,
  startDynamoLocal,
} from '../../support/dynamodb-local.ts';
import { type Shop, shopIn } from '../../support/dynamodb-shop.ts';

const faults: Readonly<Record<string, readonly Fault[]>> = {
  none: [],
  'entries fail': [
    {
      when: { probability: 0.4, seed: 7 },
      action: { type: 'entry-fail', code: 'InternalFailure', fraction: 0.5 },
    },
  ],
  'entries are throttled': [
    {
      when: { every: 2 },
      action: { type: 'entry-fail', code: 'ThrottlingException', fraction: 0.3 },
    },
  ],
  'requests fail': [{ when: { every: 3 }, action: { type: 'request-fail', preset: '500' } }],
  'connections break after acceptance': [
    { when: { every: 4 }, action: { type: 'commit-then', symptom: 'reset' } },
  ],
};

describeWithDynamo('a table, its stream and a Lambda handler', () => {
  let dynamo: DynamoLocal;
  let bus: LocalBus;
  let publisher: EventBridgePublisher;
  let shop: Shop;
  let table: string;
  const letters: DeadLetter[] = [];
  const deadLetters = { park: async (more: readonly DeadLetter[]) => void letters.push(...more) };

  beforeAll(async () => {
    dynamo = await startDynamoLocal();
  });
  afterAll(() => dynamo.stop());
  beforeEach(async () => {
    bus = await startLocalBus({ buses: ['shop'] });
    publisher = eventBridgePublisher({
      eventBusName: 'shop',
      endpoint: bus.url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      requestTimeoutMs: 1_000,
      backoff: { baseMs: 1, capMs: 5 },
      throttledBackoff: { baseMs: 1, capMs: 5 },
      // Some failures outlast a call, so that Lambda delivers again.
      maxAttempts: 2,
    });
    table = await dynamo.createTable();
    shop = shopIn(dynamo.client, table);
    letters.length = 0;
  });
  afterEach(async () => {
    await publisher.close();
    await bus.stop();
  });
  const handler = (options: Partial<StreamHandlerOptions> = {}) =>
    streamHandler({ capture: shop.capture, publisher, logger: silentLogger, ...options });

  test.each(Object.keys(faults))('%s: nothing is lost, items keep their order', async (name) => {
    await shop.trade(25);
    bus.setFaults(faults[name] ?? []);
    const records = await readTable(dynamo, table);
    const { failures } = await runEventSourceMapping(records, handler(), {
      batchSize: 17,
      // Lambda lost the answer, and delivers the same batch again.
      loses: (invocation) => invocation % 4 === 0,
    });
    expect(failures).toBeGreaterThan(0);
    expectAllFacts(shop.facts, bus.events);
    expectItemOrder(shop.facts, bus.events);
  });

  test('without a fault nothing goes twice', async () => {
    await shop.trade(25);
    const records = await readTable(dynamo, table);
    const { failures } = await runEventSourceMapping(records, handler(), { batchSize: 100 });
    expect(failures).toBe(0);
    expect(expectAllFacts(shop.facts, bus.events)).toBe(0);
  });

  test('poison is parked, and the stream goes on', async () => {
    await shop.trade(3);
    await shop.writePoison();
    await shop.trade(3);
    const records = await readTable(dynamo, table);
    const { failures } = await runEventSourceMapping(records, handler({ deadLetters }), {
      batchSize: 10,
    });
    expect(failures).toBe(0);
    expectAllFacts(shop.facts, bus.events);
    expect(letters).toEqual([
      {
        code: 'CaptureFailed',
        reason:
          'the new image of order is refused by its schema: version: expected number, received string; status: expected string, received nothing',
        source: 'dynamodb stream',
        change: records.find(({ dynamodb }) => JSON.stringify(dynamodb?.Keys).includes('poison')),
      },
    ]);
  });

  test('without dead letters poison blocks its shard, and what is before it is settled', async () => {
    await shop.trade(3);
    const before = new Map(shop.facts);
    await shop.writePoison();
    const records = await readTable(dynamo, table);
    const blocked = runEventSourceMapping(records, handler(), { batchSize: 10, maxInvocations: 5 });
    await expect(blocked).rejects.toThrow('the shard is blocked');
    expectAllFacts(before, bus.events);
  });

  test('events that the bus refuses for good are parked', async () => {
    await shop.trade(1);
    bus.setFaults([
      {
        match: { detailType: 'OrderShipped' },
        action: { type: 'entry-fail', code: 'NotAuthorizedForDetailTypeException', fraction: 1 },
      },
    ]);
    const records = await readTable(dynamo, table);
    const { failures } = await runEventSourceMapping(records, handler({ deadLetters }), {
      batchSize: 100,
    });
    expect(failures).toBe(0);
    expect(letters).toMatchObject([{ code: 'NotAuthorizedForDetailTypeException' }]);
    // Behind it, the same item goes on.
    expect(bus.events.map(({ detailType }) => detailType)).toContain('OrderCancelled');
  });

  test('it answers before Lambda kills it, and goes on at the next call', async () => {
    await shop.trade(20);
    bus.setFaults([{ when: { first: 3 }, action: { type: 'before-commit', symptom: 'hang' } }]);
    const records = await readTable(dynamo, table);
    let isLate = false;
    const { failures } = await runEventSourceMapping(records, handler({ reserveMs: 100 }), {
      batchSize: 100,
      context: () => {
        const end = performance.now() + 400;
        return {
          getRemainingTimeInMillis: () => {
            const left = end - performance.now();
            isLate ||= left < 0;
            return left;
          },
        };
      },
    });
    expect(failures).toBeGreaterThan(0);
    expect(isLate).toBe(false);
    expectAllFacts(shop.facts, bus.events);
  });

  test('a mapping without ReportBatchItemFailures fails the whole batch', async () => {
    await shop.trade(2);
    await shop.writePoison();
    const Records = await readTable(dynamo, table);
    await expect(handler({ failures: 'throw' })({ Records })).rejects.toThrow(
      '1 of 12 records are not settled.',
    );
  });

  test('an event of something else is refused with a sentence', async () => {
    await expect(handler()([] as never)).rejects.toThrow('put pipeEnrichment behind a Pipe');
  });
});
