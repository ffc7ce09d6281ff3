import { PutItemCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import { createCheckpointTable, type ShardSourceOptions } from '@tidings/dynamodb/shards';
import type { LocalBus } from '@tidings/local';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expectAllFacts, expectItemOrder } from '../../support/dynamodb-expect.ts';
import {
  type DynamoLocal,
  describeWithDynamo,
  startDynamoLocal,
} from '../../support/dynamodb-local.ts';
import { shopIn } from '../../support/dynamodb-shop.ts';
import type { StreamModel } from '../../support/dynamodb-stream-model.ts';
import { everyKey } from '../../support/expect-all-orders.ts';
import { keysOf, type ModelledShards, modelledShards } from '../../support/modelled-shards.ts';
import { refusal } from '../../support/refusal.ts';
import { runRelayFrom, startOrdersBus } from '../../support/running-relay.ts';

describeWithDynamo('shardSource', () => {
  let dynamo: DynamoLocal;
  let model: StreamModel;
  let table: string;
  let start: ModelledShards['start'];
  let source: ModelledShards['source'];
  let end: ModelledShards['end'];

  beforeAll(async () => {
    dynamo = await startDynamoLocal();
    await createCheckpointTable(dynamo.client, 'checkpoints');
    // A table that is there already is left as it is.
    await createCheckpointTable(dynamo.client, 'checkpoints');
  });
  afterAll(() => dynamo.stop());
  beforeEach(async () => {
    ({ model, table, start, source, end } = await modelledShards(dynamo));
  });
  afterEach(() => end());

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

    test('each shard is read at most four times a second, whatever there is to read', async () => {
      model.addShard('a');
      model.addShard('b');
      // More pages than one, and an iterator that expires between two.
      for (const shard of ['a', 'b']) model.put(shard, ...'abcdefghijkl');
      const reading = start();
      await reading.logged('reading a shard');
      const startedAt = performance.now();
      await reading.until(() => reading.changes.length > 6);
      model.expireIterators();
      await reading.until(() => reading.changes.length === 24);
      await model.untilReads(16);
      for (const shard of ['a', 'b']) {
        const times = model.reads.filter((read) => read.shard === shard).map(({ at }) => at);
        // However late a read arrives, none arrives before its turn; a timer rounds by 1 ms.
        for (const [count, at] of times.entries()) {
          expect(at - startedAt).toBeGreaterThanOrEqual(count * 249);
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
      await reading.kill();
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

    test('so are records that were trimmed while they waited for the next read', async () => {
      model.addShard('a');
      model.put('a', '1', '2');
      const reading = start({ onLoss: 'continue' });
      await reading.until(() => reading.changes.length === 2);
      // The iterator that the reader has points to what is gone.
      model.put('a', '3', '4', '5');
      model.trim('a', 4);
      await reading.until(() => reading.changes.length === 3);
      expect(keysOf(reading)).toEqual(['1', '2', '5']);
      const { level, fields } = await reading.logged('LOSS');
      expect({ level, shard: fields.shard }).toEqual({ level: 'error', shard: 'a' });
    });

    test('a first start takes what is left, which is no loss', async () => {
      model.addShard('b', 'a');
      model.put('b', '1', '2', '3');
      model.trim('b', 2);
      const reading = start();
      await reading.until(() => reading.changes.length === 1);
      expect(keysOf(reading)).toEqual(['3']);
      expect(reading.log.filter(({ level }) => level === 'error')).toEqual([]);
    });

    test('so is a shard that is gone and was not at its end', async () => {
      await readTwo();
      model.drop('a');
      model.addShard('b', 'a');
      model.put('b', '3');
      const reading = start();
      expect(await refusal(reading.until(() => false))).toContain('shard a');
      await reading.kill();
      const going = start({ onLoss: 'continue' });
      await going.until(() => going.changes.length === 1);
      await going.confirm();
      await going.kill();
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
      await closing.kill();
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
      await reading.kill();
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
      await stopped.kill();
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
      [{ onLoss: 'ignore' }, "onLoss must be 'stop' or 'continue', got 'ignore'"],
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
