import { PutItemCommand, UpdateItemCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import { defineEvent } from '@tidings/contract';
import { captureItems, rowEntity, type StreamRecord } from '@tidings/dynamodb';
import {
  createCheckpointTable,
  type ShardSourceOptions,
  shardSource,
} from '@tidings/dynamodb/shards';
import type { LocalBus } from '@tidings/local';
import type { ChangeSource } from '@tidings/relay';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { expectAllFacts, expectItemOrder } from '../../support/dynamodb-expect.ts';
import {
  type DynamoLocal,
  describeWithDynamo,
  startDynamoLocal,
} from '../../support/dynamodb-local.ts';
import { shopIn } from '../../support/dynamodb-shop.ts';
import { type StreamModel, startStreamModel } from '../../support/dynamodb-stream-model.ts';
import { everyKey } from '../../support/expect-all-orders.ts';
import { readSource, type SourceReading } from '../../support/read-source.ts';
import { refusal } from '../../support/refusal.ts';
import { runRelayFrom, startOrdersBus } from '../../support/running-relay.ts';

const ItemAdded = defineEvent({
  source: 'com.acme.items',
  detailType: 'ItemAdded',
  version: '1.0',
  data: z.object({ key: z.string() }),
  idempotencyKey: ({ key }) => key,
});
const capture = captureItems({
  entity: rowEntity({ name: 'item', schema: z.object({ pk: z.string() }) }),
  insert: ({ pk }) => ItemAdded.create({ key: pk }),
});

describeWithDynamo('shardSource', () => {
  let dynamo: DynamoLocal;
  let table: string;
  let model: StreamModel;
  const readings: SourceReading<StreamRecord>[] = [];

  beforeAll(async () => {
    dynamo = await startDynamoLocal();
    await createCheckpointTable(dynamo.client, 'checkpoints');
    // A table that is there already is left as it is.
    await createCheckpointTable(dynamo.client, 'checkpoints');
  });
  afterAll(() => dynamo.stop());
  beforeEach(async () => {
    table = await dynamo.createTable();
    model = await startStreamModel();
  });
  afterEach(async () => {
    for (const reading of readings.splice(0)) await reading.kill();
    await model.stop();
  });

  const source = (options: Partial<ShardSourceOptions> = {}): ChangeSource<StreamRecord> =>
    shardSource({
      tableName: table,
      capture,
      checkpointTable: 'checkpoints',
      client: dynamo.client,
      streamsClient: model.client,
      discoverIntervalMs: 1_000,
      leaseMs: 600,
      ...options,
    });
  function start(options: Partial<ShardSourceOptions> = {}): SourceReading<StreamRecord> {
    const reading = readSource(source(options));
    readings.push(reading);
    return reading;
  }
  async function kill(reading: SourceReading<StreamRecord>): Promise<void> {
    readings.splice(readings.indexOf(reading), 1);
    await reading.kill();
  }
  const keysOf = ({ changes }: SourceReading<StreamRecord>): readonly (string | undefined)[] =>
    changes.map(({ dynamodb }) => (dynamodb?.Keys as { pk?: { S: string } } | undefined)?.pk?.S);

  describe('splits', () => {
    test('a shard is read when the one it was split from is', async () => {
      model.addShard('root');
      model.put('root', ...'abcdefgh');
      model.addShard('left', 'root');
      model.addShard('right', 'root');
      model.addShard('left-left', 'left');
      model.put('left', 'l1', 'l2');
      model.put('right', 'r1');
      model.put('left-left', 'll1');
      model.close('left');
      const reading = start();
      await reading.until(() => reading.changes.length === 8);
      // Still open: its children wait.
      expect(new Set(model.reads.map(({ shard }) => shard))).toEqual(new Set(['root']));
      model.close('root');
      await reading.until(() => reading.changes.length === 12);
      const keys = keysOf(reading);
      expect(keys.slice(0, 8)).toEqual([...'abcdefgh']);
      expect(keys.filter((key) => key?.startsWith('l'))).toEqual(['l1', 'l2', 'll1']);
      expect(keys).toContain('r1');
    });

    test('a shard that appears later is found, also on a later page of the list', async () => {
      for (const id of ['1', '2', '3', '4', '5']) model.addShard(id);
      const reading = start();
      model.addShard('6');
      model.put('6', 'x');
      model.put('5', 'y');
      await reading.until(() => reading.changes.length === 2);
      expect(keysOf(reading).toSorted()).toEqual(['x', 'y']);
    });

    test('a restart goes on in each shard behind its checkpoint', async () => {
      model.addShard('closed');
      model.addShard('open');
      model.addShard('child', 'closed');
      model.put('closed', 'c1', 'c2');
      model.put('open', 'o1', 'o2');
      model.close('closed');
      const first = start();
      await first.until(() => first.changes.length === 4);
      await first.logged('a shard is read to its end');
      await first.until(() => first.log.some(({ fields }) => fields.shard === 'child'));
      await first.confirm();
      await kill(first);
      model.put('open', 'o3');
      model.put('child', 'ch1');
      const second = start();
      await second.until(() => second.changes.length >= 2);
      expect(keysOf(second).toSorted()).toEqual(['ch1', 'o3']);
    });
  });

  describe('failures of the stream', () => {
    test('an expired iterator is made anew behind the last record', async () => {
      model.addShard('a');
      model.put('a', '1', '2', '3', '4');
      const reading = start();
      await reading.until(() => reading.changes.length === 4);
      model.expireIterators();
      model.put('a', '5', '6');
      await reading.until(() => reading.changes.length === 6);
      model.expireIterators();
      model.put('a', '7');
      await reading.until(() => reading.changes.length === 7);
      expect(keysOf(reading)).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    });

    test.each([
      ['GetRecords', 'LimitExceededException', 400],
      ['GetRecords', 'InternalServerError', 500],
      ['GetShardIterator', 'InternalServerError', 500],
      ['DescribeStream', 'ThrottlingException', 400],
    ])(
      '%s that fails with %s is tried again, and reported once',
      async (operation, type, status) => {
        model.addShard('a');
        model.put('a', '1');
        model.fail(operation, type, 2, status);
        const reading = start();
        await reading.until(() => reading.changes.length === 1);
        model.put('a', '2');
        await reading.until(() => reading.changes.length === 2);
        expect(keysOf(reading)).toEqual(['1', '2']);
        expect(reading.log.filter(({ level }) => level === 'warn')).toHaveLength(1);
      },
    );

    test('each shard is read at most four times a second', async () => {
      model.addShard('a');
      model.addShard('b');
      const reading = start();
      await reading.until(() => model.reads.length > 0 || reading.log.length > 0);
      await reading.logged('reading a shard');
      while (model.reads.length < 10) await new Promise((resolve) => setTimeout(resolve, 20));
      for (const shard of ['a', 'b']) {
        const times = model.reads.filter((read) => read.shard === shard).map(({ at }) => at);
        for (const [index, at] of times.entries()) {
          // Requests may overtake each other a little on their way.
          const before = times[index - 4];
          if (before !== undefined) expect(at - before).toBeGreaterThan(900);
        }
      }
    });
  });

  describe('loss', () => {
    async function readTwo(): Promise<void> {
      model.addShard('a');
      model.put('a', '1', '2');
      const reading = start();
      await reading.until(() => reading.changes.length === 2);
      await reading.confirm();
      await kill(reading);
    }

    test('records that were trimmed before they were read end the relay with a sentence', async () => {
      await readTwo();
      model.put('a', '3', '4', '5');
      model.trim('a', 4);
      const reading = start();
      const message = await refusal(reading.until(() => false));
      expect(message).toContain(`records of shard a of table ${table} were trimmed`);
      expect(message).toContain("Set onLoss: 'continue'");
      expect(reading.changes).toEqual([]);
    });

    test('or are reported as an error where it is to go on', async () => {
      await readTwo();
      model.put('a', '3', '4', '5');
      model.trim('a', 4);
      const reading = start({ onLoss: 'continue' });
      await reading.until(() => reading.changes.length === 1);
      expect(keysOf(reading)).toEqual(['5']);
      expect(await reading.logged('LOSS')).toMatchObject({ level: 'error' });
    });

    test('so is a shard that is gone and was not at its end', async () => {
      await readTwo();
      model.drop('a');
      model.addShard('b', 'a');
      model.put('b', '3');
      const reading = start();
      expect(await refusal(reading.until(() => false))).toContain('shard a');
      await kill(reading);
      const going = start({ onLoss: 'continue' });
      await going.until(() => going.changes.length === 1);
      await going.confirm();
      await kill(going);
      // It was told; from now on all is well.
      model.put('b', '4');
      const next = start();
      await next.until(() => next.changes.length === 1);
      expect(keysOf(next)).toEqual(['4']);
    });

    test('so is a shard that came and went between two runs', async () => {
      await readTwo();
      model.close('a');
      const closing = start();
      await closing.logged('a shard is read to its end');
      closing.confirmAlways();
      await closing.until(() => closing.groupBytes.length > 0);
      await closing.confirm();
      await kill(closing);
      model.drop('a');
      model.addShard('c', 'b');
      const reading = start();
      expect(await refusal(reading.until(() => false))).toContain('shard b');
    });

    test('and a stream that took the place of the one that was read', async () => {
      const real = { streamsClient: dynamo.streams };
      const put = (key: string) =>
        dynamo.client.send(
          new PutItemCommand({ TableName: table, Item: { pk: { S: key }, sk: { S: 's' } } }),
        );
      await put('1');
      const reading = start(real);
      await reading.until(() => reading.changes.length === 1);
      await reading.confirm();
      await kill(reading);
      const update = (StreamEnabled: boolean) =>
        dynamo.client.send(
          new UpdateTableCommand({
            TableName: table,
            StreamSpecification: {
              StreamEnabled,
              ...(StreamEnabled && { StreamViewType: 'NEW_AND_OLD_IMAGES' }),
            },
          }),
        );
      await update(false);
      await put('unseen');
      await update(true);
      await put('2');
      const stopped = start(real);
      const message = await refusal(stopped.until(() => false));
      expect(message).toContain('has another stream than the one that was read');
      await kill(stopped);
      const going = start({ ...real, onLoss: 'continue' });
      await going.until(() => going.changes.length === 1);
      expect(keysOf(going)).toEqual(['2']);
    });

    test('a stream that is disabled ends the relay once everything is read and settled', async () => {
      model.addShard('a');
      model.put('a', '1');
      model.close('a');
      model.disable();
      const reading = start();
      await reading.logged('a shard is read to its end');
      await reading.until(() => reading.changes.length === 1);
      reading.confirmAlways();
      await reading.confirm();
      expect(await refusal(reading.until(() => false))).toContain('is disabled');
    });
  });

  describe('the lease', () => {
    test('one reader reads, the other stands by and takes over from one that lets go', async () => {
      model.addShard('a');
      model.put('a', '1');
      const first = start();
      await first.until(() => first.changes.length === 1);
      await first.confirm();
      const second = start();
      await second.logged('standing by');
      model.put('a', '2');
      await first.until(() => first.changes.length === 2);
      expect(second.changes).toEqual([]);
      await kill(first);
      await second.until(() => second.changes.length === 1);
      expect(keysOf(second)).toEqual(['2']);
    });

    test('a reader that lost it stands by, confirms nothing and may get it back', async () => {
      model.addShard('a');
      model.put('a', '1', '2');
      const reading = start();
      await reading.until(() => reading.changes.length === 2);
      // Another process took it, and fell silent.
      await dynamo.client.send(
        new UpdateItemCommand({
          TableName: 'checkpoints',
          Key: { reader: { S: `relay/${table}` }, part: { S: 'lease' } },
          UpdateExpression: 'SET #owner = :other ADD term :one',
          ExpressionAttributeNames: { '#owner': 'owner' },
          ExpressionAttributeValues: { ':other': { S: 'other' }, ':one': { N: '1' } },
        }),
      );
      await reading.logged('another reader has taken over');
      await reading.confirm();
      await reading.logged('standing by');
      // It comes again, for nothing was confirmed.
      await reading.until(() => reading.changes.length === 4);
      expect(keysOf(reading)).toEqual(['1', '2', '1', '2']);
      await reading.confirm();
    });
  });

  describe('verify', () => {
    const verifying = async (options: Partial<ShardSourceOptions>): Promise<string> => {
      const bad = source({ streamsClient: dynamo.streams, ...options });
      const message = await refusal(bad.verify());
      await bad.close();
      return message;
    };

    test('names what a person must change', async () => {
      const plain = await dynamo.createTable(null);
      expect(await verifying({ tableName: plain })).toContain(`table ${plain} has no stream`);
      const news = await dynamo.createTable('NEW_IMAGE');
      expect(await verifying({ tableName: news })).toContain(
        `entity item needs a stream of NEW_AND_OLD_IMAGES, and that of table ${news} is NEW_IMAGE`,
      );
      expect(await verifying({ checkpointTable: 'nowhere' })).toContain(
        'checkpoint table nowhere (createCheckpointTable makes it) does not exist',
      );
      expect(await verifying({ checkpointTable: plain })).toContain(
        `checkpoint table ${plain} must have the keys reader and part`,
      );
    });

    test.each([
      [{ tableName: '' }, 'tableName must be'],
      [{ capture: {} }, 'capture must be'],
      [{ onLoss: 'ignore' }, "onLoss must be 'stop' or 'continue', got ignore"],
      [{ pollIntervalMs: 249 }, 'pollIntervalMs must be 250 to 2147483647, got 249'],
      [{ leaseMs: Number.NaN }, 'leaseMs must be 300 to 2147483647, got NaN'],
    ])('%j is refused', (options, message) => {
      expect(() => source(options as never)).toThrow(message);
    });
  });

  describe('under a relay', () => {
    let bus: LocalBus;
    beforeEach(async () => {
      bus = await startOrdersBus();
    });
    afterEach(() => bus.stop());

    test('every write to a real table reaches the bus, through faults and restarts', async () => {
      const shop = shopIn(dynamo.client, table);
      bus.setFaults([
        {
          match: { source: 'com.acme.orders' },
          when: { probability: 0.3, seed: 5 },
          action: { type: 'entry-fail', code: 'InternalFailure', fraction: 0.5 },
        },
        {
          // The request with which a relay looks for the bus has no entries.
          match: { source: 'com.acme.orders' },
          when: { every: 7 },
          action: { type: 'commit-then', symptom: 'reset' },
        },
      ]);
      const options = { capture: shop.capture, streamsClient: dynamo.streams };
      for (let run = 0; run < 3; run += 1) {
        const running = runRelayFrom(source(options), bus, { ordering: 'key' });
        await running.logged('relay running');
        const seen = bus.events.length;
        await shop.trade(12);
        await bus.waitFor(() => bus.events.length > seen);
        // The last one settles everything; the others are stopped in the middle of it.
        if (run === 2) await bus.waitFor(everyKey(shop.keys), { timeoutMs: 30_000 });
        await running.stop();
      }
      expectAllFacts(shop.facts, bus.events);
      expectItemOrder(shop.facts, bus.events);
    });
  });
});
