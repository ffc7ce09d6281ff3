import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { createCheckpointTable } from '@tidings/dynamodb/shards';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type DynamoLocal,
  describeWithDynamo,
  startDynamoLocal,
} from '../../support/dynamodb-local.ts';
import { keysOf, type ModelledShards, modelledShards } from '../../support/modelled-shards.ts';
import { refusal } from '../../support/refusal.ts';
import { openTcpLink } from '../../support/tcp-link.ts';

describeWithDynamo('the lease of a shard reader', () => {
  let dynamo: DynamoLocal;
  let shards: ModelledShards;
  beforeAll(async () => {
    dynamo = await startDynamoLocal();
    await createCheckpointTable(dynamo.client, 'checkpoints');
  });
  afterAll(() => dynamo.stop());
  beforeEach(async () => {
    shards = await modelledShards(dynamo);
    shards.model.addShard('a');
  });
  afterEach(() => shards.end());

  const itemOf = (part: string) => ({
    TableName: 'checkpoints',
    Key: { reader: { S: `relay/${shards.table}` }, part: { S: part } },
  });
  /** What another process does that takes the lease. */
  const takeLease = () =>
    dynamo.client.send(
      new UpdateItemCommand({
        ...itemOf('lease'),
        UpdateExpression: 'SET #owner = :other ADD term :one',
        ExpressionAttributeNames: { '#owner': 'owner' },
        ExpressionAttributeValues: { ':other': { S: 'other' }, ':one': { N: '1' } },
      }),
    );

  test('one reader reads, the other stands by and takes over from one that lets go', async () => {
    const { model, start } = shards;
    model.put('a', '1');
    const first = start();
    await first.until(() => first.changes.length === 1);
    await first.confirm();
    const second = start();
    await second.logged('standing by');
    model.put('a', '2');
    await first.until(() => first.changes.length === 2);
    expect(second.changes).toEqual([]);
    await first.kill();
    await second.until(() => second.changes.length === 1);
    expect(keysOf(second)).toEqual(['2']);
  });

  test('a reader that lost it stands by, confirms nothing and may get it back', async () => {
    const { model, start } = shards;
    model.put('a', '1', '2');
    const reading = start();
    await reading.until(() => reading.changes.length === 2);
    // Another process took it, and fell silent.
    await takeLease();
    await reading.logged('another reader has taken over');
    await reading.confirm();
    await reading.logged('standing by');
    // It comes again, for nothing was confirmed.
    await reading.until(() => reading.changes.length === 4);
    expect(keysOf(reading)).toEqual(['1', '2', '1', '2']);
    await reading.confirm();
  });

  test('a reader that does not know yet that it lost it confirms nothing either', async () => {
    const { model, start } = shards;
    model.put('a', '1');
    // It looks every 20 seconds.
    const reading = start({ leaseMs: 60_000 });
    await reading.until(() => reading.changes.length === 1);
    await takeLease();
    expect(await refusal(reading.confirm())).toContain('LeaseLost');
    const { Item } = await dynamo.client.send(new GetItemCommand(itemOf('shard#a')));
    expect(Item?.progress).toEqual({ S: 'start' });
  });

  test('a reader that hears nothing of its lease stops reading before another takes over', async () => {
    const { model, start } = shards;
    const link = await openTcpLink(Number(new URL(dynamo.endpoint).port));
    const client = new DynamoDBClient({
      endpoint: `http://127.0.0.1:${link.port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    model.put('a', '1');
    const first = start({ client });
    await first.until(() => first.changes.length === 1);
    const second = start();
    await second.logged('standing by');
    // Requests are neither answered nor refused, for longer than the lease.
    link.freeze();
    await second.logged('reading a shard');
    expect(first.log.map(({ message }) => message)).toContain('the lease could not be renewed');
    model.put('a', '2');
    await second.until(() => second.changes.length === 2);
    expect(keysOf(first)).toEqual(['1']);
    expect(keysOf(second)).toEqual(['1', '2']);
    // Back again, it stands by.
    link.thaw();
    await first.logged('standing by');
    await first.kill();
    client.destroy();
    await link.close();
  });
});
