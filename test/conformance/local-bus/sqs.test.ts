import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as sq from '@aws-sdk/client-sqs';
import { manualClock } from '@tidings/local';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { account, type BusFixture, busFixture } from '../../support/bus-fixture.ts';
import { eventually } from '../../support/eventually.ts';
import { refusal } from '../../support/refusal.ts';
import { contentBased, sqsFixture } from '../../support/sqs-fixture.ts';

const clock = manualClock();
let on: BusFixture;
let url: string;
beforeEach(async () => {
  on = await busFixture({ clock });
  url = (await on.sqs.send(new sq.CreateQueueCommand({ QueueName: 'q' }))).QueueUrl ?? '';
});
afterEach(() => on.end());

const send = (MessageBody: string, more: Partial<sq.SendMessageCommandInput> = {}) =>
  on.sqs.send(new sq.SendMessageCommand({ QueueUrl: url, MessageBody, ...more }));
const receive = async (more: Partial<sq.ReceiveMessageCommandInput> = {}) =>
  (
    await on.sqs.send(
      new sq.ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, ...more }),
    )
  ).Messages ?? [];
const bodies = async (more?: Partial<sq.ReceiveMessageCommandInput>) =>
  (await receive(more)).map((message) => message.Body);
const attributes = async () =>
  (await on.sqs.send(new sq.GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] })))
    .Attributes ?? {};

describe('queues', () => {
  test('create, find, list, change, purge, delete', async () => {
    expect(url).toBe(`${on.bus.url}/${account}/q`);
    await on.sqs.send(new sq.CreateQueueCommand({ QueueName: 'q2' }));
    expect((await on.sqs.send(new sq.GetQueueUrlCommand({ QueueName: 'q' }))).QueueUrl).toBe(url);
    expect((await on.sqs.send(new sq.ListQueuesCommand({}))).QueueUrls).toEqual([url, `${url}2`]);
    await on.sqs.send(
      new sq.SetQueueAttributesCommand({ QueueUrl: url, Attributes: { VisibilityTimeout: '5' } }),
    );
    await send('a');
    expect(await attributes()).toMatchObject({
      QueueArn: on.queueArn('q'),
      VisibilityTimeout: '5',
      ApproximateNumberOfMessages: '1',
    });
    await on.sqs.send(new sq.PurgeQueueCommand({ QueueUrl: url }));
    expect(await bodies()).toEqual([]);
    await on.sqs.send(new sq.DeleteQueueCommand({ QueueUrl: url }));
    expect(await refusal(send('a'))).toBe('QueueDoesNotExist: The specified queue does not exist.');
  });
  test('a queue that exists with other attributes', async () => {
    await on.sqs.send(new sq.CreateQueueCommand({ QueueName: 'q' }));
    expect(
      await refusal(
        on.sqs.send(
          new sq.CreateQueueCommand({ QueueName: 'q', Attributes: { VisibilityTimeout: '7' } }),
        ),
      ),
    ).toContain('QueueNameExists');
  });
});

describe('messages', () => {
  test('attributes and digests satisfy the client, which checks them', async () => {
    await send('grüße', {
      MessageAttributes: {
        text: { DataType: 'String', StringValue: 'ä' },
        bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2]) },
        n: { DataType: 'Number', StringValue: '1' },
      },
    });
    const [message] = await receive({
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    });
    expect(message).toMatchObject({
      Body: 'grüße',
      MessageAttributes: { text: { StringValue: 'ä' }, bytes: { DataType: 'Binary' } },
      Attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(clock.now()) },
      MD5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect((await receive())[0]).toBeUndefined();
  });

  test('a message is hidden until it is deleted or its time is over', async () => {
    await send('a');
    const [first] = await receive();
    expect(await bodies()).toEqual([]);
    await clock.advance(30_000);
    const [again] = await receive({ MessageSystemAttributeNames: ['All'] });
    expect(again?.Attributes?.ApproximateReceiveCount).toBe('2');
    await on.sqs.send(
      new sq.ChangeMessageVisibilityCommand({
        QueueUrl: url,
        ReceiptHandle: again?.ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );
    const [third] = await receive();
    // An old handle deletes nothing.
    for (const ReceiptHandle of [first?.ReceiptHandle, third?.ReceiptHandle]) {
      await clock.advance(1);
      await on.sqs.send(new sq.DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
    }
    await clock.advance(60_000);
    expect(await bodies()).toEqual([]);
  });

  test('a receiver that waits gets what comes, and nothing when its time is over', async () => {
    const waiting = bodies({ WaitTimeSeconds: 20 });
    await eventually(() => on.bus.requests.at(-1)?.op).toBe('ReceiveMessage');
    await send('a');
    expect(await waiting).toEqual(['a']);
    const inVain = bodies({ WaitTimeSeconds: 20 });
    await eventually(() => on.bus.requests.at(-1)?.op).toBe('ReceiveMessage');
    await clock.advance(20_000);
    expect(await inVain).toEqual([]);
  });

  test('a receiver that waits gets what becomes visible meanwhile', async () => {
    const wait = async (seconds: number, expected: readonly string[]) => {
      const before = on.bus.requests.length;
      const waiting = bodies({ WaitTimeSeconds: 20 });
      await eventually(() => on.bus.requests.length).toBe(before + 1);
      await clock.advance(seconds * 1_000);
      expect(await waiting).toEqual(expected);
    };
    await send('late', { DelaySeconds: 3 });
    await wait(3, ['late']);
    await wait(20, []);
    await wait(10, ['late']);
  });

  test('a receiver that has left takes nothing', async () => {
    const leaving = new AbortController();
    const left = on.sqs.send(new sq.ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 20 }), {
      abortSignal: leaving.signal,
    });
    await eventually(() => on.bus.requests.at(-1)?.op).toBe('ReceiveMessage');
    const record = on.bus.requests.at(-1);
    leaving.abort();
    await expect(left).rejects.toThrow();
    await eventually(() => record?.answer?.kind).toBe('answered');
    await send('a');
    expect(await bodies()).toEqual(['a']);
  });

  test('delayed, and forgotten after the retention', async () => {
    await send('a', { DelaySeconds: 10 });
    expect(await bodies()).toEqual([]);
    await clock.advance(10_000);
    expect(await bodies({ VisibilityTimeout: 0 })).toEqual(['a']);
    await clock.advance(5 * 86_400_000);
    expect(await bodies()).toEqual([]);
  });

  test('batches', async () => {
    const sent = await on.sqs.send(
      new sq.SendMessageBatchCommand({
        QueueUrl: url,
        Entries: [1, 2, 3].map((n) => ({ Id: `i${n}`, MessageBody: `m${n}` })),
      }),
    );
    expect(sent.Successful).toHaveLength(3);
    const messages = await receive();
    expect(messages.map((message) => message.Body)).toEqual(['m1', 'm2', 'm3']);
    await on.sqs.send(
      new sq.DeleteMessageBatchCommand({
        QueueUrl: url,
        Entries: messages.map(({ ReceiptHandle }, n) => ({ Id: `${n}`, ReceiptHandle })),
      }),
    );
    expect(await attributes()).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
    });
    for (const [ids, name] of [
      [[], 'EmptyBatchRequest'],
      [['a', 'a'], 'BatchEntryIdsNotDistinct'],
      [Array.from({ length: 11 }, (_, n) => `${n}`), 'TooManyEntriesInBatchRequest'],
    ] as const) {
      expect(
        await refusal(
          on.sqs.send(
            new sq.SendMessageBatchCommand({
              QueueUrl: url,
              Entries: ids.map((Id) => ({ Id, MessageBody: 'x' })),
            }),
          ),
        ),
      ).toContain(name);
    }
  });
});

test('redrive: received too often it moves to the dead-letter queue, and back', async () => {
  const dlq = (await on.sqs.send(new sq.CreateQueueCommand({ QueueName: 'dlq' }))).QueueUrl ?? '';
  await on.sqs.send(
    new sq.SetQueueAttributesCommand({
      QueueUrl: url,
      Attributes: {
        RedrivePolicy: JSON.stringify({
          deadLetterTargetArn: on.queueArn('dlq'),
          maxReceiveCount: 2,
        }),
      },
    }),
  );
  await send('poison');
  for (let n = 0; n < 2; n += 1) {
    expect(await bodies({ VisibilityTimeout: 0 })).toEqual(['poison']);
  }
  expect(await bodies()).toEqual([]);
  const [dead] = await receive({
    QueueUrl: dlq,
    VisibilityTimeout: 0,
    MessageSystemAttributeNames: ['All'],
  });
  expect(dead?.Attributes?.DeadLetterQueueSourceArn).toBe(on.queueArn('q'));
  expect(
    (await on.sqs.send(new sq.ListDeadLetterSourceQueuesCommand({ QueueUrl: dlq }))).queueUrls,
  ).toEqual([url]);
  await on.sqs.send(new sq.StartMessageMoveTaskCommand({ SourceArn: on.queueArn('dlq') }));
  expect(await bodies()).toEqual(['poison']);
});

test('a FIFO queue keeps the order of a group and drops what it had already', async () => {
  const made = await on.sqs.send(
    new sq.CreateQueueCommand({
      QueueName: 'f.fifo',
      Attributes: { FifoQueue: 'true', ContentBasedDeduplication: 'true' },
    }),
  );
  url = made.QueueUrl ?? '';
  expect(await refusal(send('x'))).toContain('MessageGroupId');
  for (const [body, group] of [
    ['a1', 'a'],
    ['a2', 'a'],
    ['b1', 'b'],
    ['a1', 'a'],
  ] as const) {
    await send(body, { MessageGroupId: group });
  }
  const [first] = await receive({ MaxNumberOfMessages: 1 });
  expect(first?.Body).toBe('a1');
  expect(await bodies()).toEqual(['b1']);
  await on.sqs.send(
    new sq.DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: first?.ReceiptHandle }),
  );
  expect(await bodies()).toEqual(['a2']);
});

test('queues with their attributes, tags and permissions outlive a restart, messages do not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-queues-'));
  const first = await sqsFixture({ clock, data: folder });
  await first.queue('dlq.fifo', contentBased);
  const made = await first.queue('kept.fifo', {
    ...contentBased,
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: first.on.queueArn('dlq.fifo'),
      maxReceiveCount: 3,
    }),
  });
  await first.sqs.tagQueue({ QueueUrl: made, Tags: { team: 'orders' } });
  await first.sqs.addPermission({
    QueueUrl: made,
    Label: 'partner',
    AWSAccountIds: [account],
    Actions: ['SendMessage'],
  });
  await first.send(made, 'a', { MessageGroupId: 'g' });
  const before = await first.attributes(made);
  await first.end();
  await clock.advance(60_000);
  const second = await sqsFixture({ clock, data: folder });
  const [again = ''] = (await second.sqs.listQueues({ QueueNamePrefix: 'kept' })).QueueUrls ?? [];
  expect(await second.attributes(again)).toEqual({ ...before, ApproximateNumberOfMessages: '0' });
  expect((await second.sqs.listQueueTags({ QueueUrl: again })).Tags).toEqual({ team: 'orders' });
  await second.end();
  await rm(folder, { recursive: true });
});
