import { PutEventsCommand, RemoveTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { account, type BusFixture, busFixture } from '../../support/bus-fixture.ts';

const lambda = 'arn:aws:lambda:eu-west-1:000000000000:function:f';
let on: BusFixture;
let isBroken = true;
const got: unknown[] = [];
beforeEach(async () => {
  isBroken = true;
  got.length = 0;
  on = await busFixture({ queues: ['orders', 'failed'] });
  on.bus.handle(lambda, (event) => {
    if (isBroken) throw new Error('broken');
    got.push(event);
  });
  await on.rule('r', {
    Id: 't',
    Arn: lambda,
    DeadLetterConfig: { Arn: on.queueArn('failed') },
    RetryPolicy: { MaximumRetryAttempts: 0 },
  });
});
afterEach(() => on.end());

const ask = async (path: string, body?: object): Promise<Record<string, unknown>> => {
  const response = await fetch(`${on.bus.url}/_bus/queues/${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'Content-Type': 'application/json' },
  });
  return (await response.json()) as Record<string, unknown>;
};
const redrive = (queue: string) => ask('redrive', { arn: on.queueArn(queue) });
const messages = async (queue: string) =>
  (await ask(`messages?arn=${on.queueArn(queue)}`)).messages as { body: string; state: string }[];

test('a dead letter goes to the target that did not get it, as it was', async () => {
  await on.put(JSON.parse('{"a":1}'));
  await on.bus.settled();
  const [letter] = await messages('failed');
  isBroken = false;
  expect(await redrive('failed')).toEqual({ redelivered: 1, moved: 0, left: 0 });
  await on.bus.settled();
  expect(got).toEqual([JSON.parse(letter?.body ?? '')]);
  expect(await messages('failed')).toEqual([]);
  expect(on.bus.deliveries.map(({ eventSeq, state }) => [eventSeq, state])).toEqual([
    [1, 'dead-lettered'],
    [1, 'delivered'],
  ]);
});

test('one that fails again is a dead letter again', async () => {
  await on.put({ n: 1 });
  await on.bus.settled();
  expect(await redrive('failed')).toMatchObject({ redelivered: 1 });
  await on.bus.settled();
  expect(await messages('failed')).toHaveLength(1);
});

test('an event that the journal has no more is read from its message, digits and all', async () => {
  const DeadLetterConfig = { Arn: on.queueArn('failed') };
  await on.rule('r', { Id: 't', Arn: on.queueArn('late'), DeadLetterConfig });
  const Detail = '{"n":9007199254740993,"price":1.10}';
  const Entries = [{ Source: 'com.acme.orders', DetailType: 'OrderPlaced', Detail }];
  await on.events.send(new PutEventsCommand({ Entries }));
  await on.bus.settled();
  const [letter] = await messages('failed');
  on.bus.reset();
  await on.sqs.send(new CreateQueueCommand({ QueueName: 'late' }));
  expect(await redrive('failed')).toMatchObject({ redelivered: 1 });
  await on.bus.settled();
  expect((await on.receive('late')).map(({ Body }) => Body)).toEqual([letter?.body]);
  expect(letter?.body).toContain(Detail);
});

test('a dead letter whose target is gone stays, and is told', async () => {
  await on.put({ n: 1 });
  await on.bus.settled();
  await on.events.send(new RemoveTargetsCommand({ Rule: 'r', Ids: ['t'] }));
  expect(await redrive('failed')).toEqual({ redelivered: 0, moved: 0, left: 1 });
  expect(await messages('failed')).toHaveLength(1);
});

test('a message that a queue gave up on goes back to that queue', async () => {
  const QueueUrl = `${on.bus.url}/${account}/orders`;
  const policy = { deadLetterTargetArn: on.queueArn('failed'), maxReceiveCount: '1' };
  await on.sqs.send(
    new SetQueueAttributesCommand({
      QueueUrl,
      Attributes: { RedrivePolicy: JSON.stringify(policy), VisibilityTimeout: '0' },
    }),
  );
  await on.rule('copy', { Id: 'q', Arn: on.queueArn('orders') });
  isBroken = false;
  await on.put({ n: 1 });
  await on.bus.settled();
  await on.receive('orders');
  await on.receive('orders');
  expect((await messages('failed')).map(({ state }) => state)).toEqual(['waiting']);
  expect(await redrive('failed')).toEqual({ redelivered: 0, moved: 1, left: 0 });
  expect(await messages('failed')).toEqual([]);
  const [back] = await on.receive('orders');
  await on.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: back?.ReceiptHandle }));
  expect(await messages('orders')).toEqual([]);
});

test('looking at messages receives none of them', async () => {
  await on.rule('copy', { Id: 'q', Arn: on.queueArn('orders') });
  await on.put({ n: 1 });
  await on.bus.settled();
  await messages('orders');
  expect(await messages('orders')).toMatchObject([{ state: 'waiting', receiveCount: 0 }]);
  expect(await on.receive('orders')).toHaveLength(1);
  expect(await messages('orders')).toMatchObject([{ state: 'in flight', receiveCount: 1 }]);
});

test('a queue that does not exist is told in a sentence', async () => {
  expect(await redrive('none')).toEqual({ message: `There is no queue ${on.queueArn('none')}.` });
});
