import { createCheckpointTable } from '@tidings/dynamodb/shards';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type DynamoLocal,
  describeWithDynamo,
  startDynamoLocal,
} from '../../support/dynamodb-local.ts';
import { keysOf, type ModelledShards, modelledShards } from '../../support/modelled-shards.ts';

describeWithDynamo('shards that split', () => {
  let dynamo: DynamoLocal;
  let shards: ModelledShards;
  beforeAll(async () => {
    dynamo = await startDynamoLocal();
    await createCheckpointTable(dynamo.client, 'checkpoints');
  });
  afterAll(() => dynamo.stop());
  beforeEach(async () => {
    shards = await modelledShards(dynamo);
  });
  afterEach(() => shards.end());

  /** Shards in the order of their reads, each as often as it was read. */
  const readsSince = (count: number) => shards.model.reads.slice(count).map(({ shard }) => shard);

  test('a shard is read when the one it was split from is', async () => {
    const { model, start } = shards;
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
    expect(new Set(readsSince(0))).toEqual(new Set(['root']));
    model.close('root');
    await reading.until(() => reading.changes.length === 12);
    const keys = keysOf(reading);
    expect(keys.slice(0, 8)).toEqual([...'abcdefgh']);
    expect(keys.filter((key) => key?.startsWith('l'))).toEqual(['l1', 'l2', 'll1']);
    expect(keys).toContain('r1');
    const reads = readsSince(0);
    for (const child of ['left', 'right']) {
      expect(reads.indexOf(child)).toBeGreaterThan(reads.lastIndexOf('root'));
    }
  });

  test('a shard that appears later is found, also on a later page of the list', async () => {
    const { model, start } = shards;
    for (const id of ['1', '2', '3', '4', '5']) model.addShard(id);
    const reading = start();
    model.addShard('6');
    model.put('6', 'x');
    model.put('5', 'y');
    await reading.until(() => reading.changes.length === 2);
    expect(keysOf(reading).toSorted()).toEqual(['x', 'y']);
  });

  test('a restart goes on in each shard behind its checkpoint', async () => {
    const { model, start } = shards;
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
    await first.kill();
    model.put('open', 'o3');
    model.put('child', 'ch1');
    const second = start();
    await second.until(() => second.changes.length >= 2);
    expect(keysOf(second).toSorted()).toEqual(['ch1', 'o3']);
  });

  test('a restart before the parent is read finishes it, then reads both children', async () => {
    const { model, start } = shards;
    model.addShard('root');
    model.put('root', ...'abcdef');
    model.close('root');
    for (const child of ['left', 'right']) {
      model.addShard(child, 'root');
      model.put(child, `${child}-1`);
    }
    const first = start();
    await first.until(() => first.changes.length === 3);
    await first.confirm();
    await first.kill();
    const before = model.reads.length;
    const second = start();
    await second.until(() => second.changes.length === 5);
    expect(keysOf(second).slice(0, 3)).toEqual(['d', 'e', 'f']);
    expect(keysOf(second).slice(3).toSorted()).toEqual(['left-1', 'right-1']);
    const reads = readsSince(before);
    for (const child of ['left', 'right']) {
      expect(reads.indexOf(child)).toBeGreaterThan(reads.lastIndexOf('root'));
    }
  });

  test('a restart with one child begun reads each on from where it was, and the parent no more', async () => {
    const { model, start } = shards;
    model.addShard('root');
    model.put('root', 'a', 'b');
    model.close('root');
    model.addShard('left', 'root');
    model.addShard('right', 'root');
    model.put('left', 'l1');
    const first = start();
    await first.until(() => first.changes.length === 3);
    await first.confirm();
    await first.kill();
    const before = model.reads.length;
    model.put('left', 'l2');
    model.put('right', 'r1', 'r2');
    const second = start();
    await second.until(() => second.changes.length === 3);
    expect(keysOf(second).toSorted()).toEqual(['l2', 'r1', 'r2']);
    expect(readsSince(before)).not.toContain('root');
  });

  test('a split while nobody reads is found: the parent is finished and told no loss', async () => {
    const { model, start } = shards;
    model.addShard('root');
    model.put('root', 'a');
    const first = start();
    await first.until(() => first.changes.length === 1);
    await first.confirm();
    await first.kill();
    model.put('root', 'b');
    model.close('root');
    for (const child of ['left', 'right']) {
      model.addShard(child, 'root');
      model.put(child, `${child}-1`);
    }
    const second = start();
    await second.until(() => second.changes.length === 3);
    expect(keysOf(second)[0]).toBe('b');
    expect(keysOf(second).slice(1).toSorted()).toEqual(['left-1', 'right-1']);
    expect(second.log.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
