import { manualClock } from '@tidings/local';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refusal } from '../../support/refusal.ts';
import { contentBased, type SqsFixture, sqsFixture, told } from '../../support/sqs-fixture.ts';

// Redrive policies and the tasks that move messages back, as SQS was seen to answer.

const clock = manualClock();
let at: SqsFixture;
beforeEach(async () => {
  at = await sqsFixture({ clock });
});
afterEach(() => at.end());

const policy = (name: string, maxReceiveCount: unknown = 1) =>
  JSON.stringify({ deadLetterTargetArn: at.on.queueArn(name), maxReceiveCount });
const at0 = { VisibilityTimeout: 0 };

/** A queue and its dead-letter queue, with messages in the latter. */
const deadLetters = async (...bodies: readonly string[]) => {
  const dlq = await at.queue('dlq');
  const q = await at.queue('q', { RedrivePolicy: policy('dlq') });
  for (const body of bodies) await at.send(q, body);
  expect(await at.bodies(q, at0)).toEqual(bodies);
  expect(await at.bodies(q)).toEqual([]);
  return { q, dlq };
};

describe('redrive policies', () => {
  test('a message that was received too often moves with all that it has', async () => {
    const dlq = await at.queue('dlq');
    const q = await at.queue('q', { RedrivePolicy: policy('dlq') });
    const trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
    await at.send(q, 'message-1', {
      MessageAttributes: { MyAttribute: { DataType: 'String', StringValue: 'foobar' } },
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: trace } },
    });
    await at.send(q, 'message-2');
    const all = { MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All' as const] };
    const one = { ...all, ...at0, MaxNumberOfMessages: 1 };
    const before = [...(await at.receive(q, one)), ...(await at.receive(q, one))];
    expect(await at.receive(q, one)).toEqual([]);
    const after = await at.receive(dlq, all);
    expect(after).toEqual(
      before.map((message) => ({
        ...message,
        ReceiptHandle: expect.any(String),
        Attributes: {
          ...message.Attributes,
          ApproximateReceiveCount: '2',
          DeadLetterQueueSourceArn: at.on.queueArn('q'),
        },
      })),
    );
    expect(after[0]).toMatchObject({
      Attributes: { AWSTraceHeader: trace },
      MD5OfMessageAttributes: 'adb59cd4678ea5a855436b949cd07ab6',
    });
  });

  test('along a chain of queues a message is received in each', async () => {
    const third = await at.queue('third');
    const second = await at.queue('second', { RedrivePolicy: policy('third') });
    const first = await at.queue('first', { RedrivePolicy: policy('second') });
    await at.send(first, 'test');
    for (const url of [first, second, third]) {
      expect(await at.bodies(url, at0)).toEqual(['test']);
      if (url !== third) expect(await at.bodies(url)).toEqual([]);
    }
  });

  test('a FIFO queue goes on behind the message that moved away', async () => {
    const dlq = await at.queue('dlq.fifo', contentBased);
    const q = await at.queue('q.fifo', { ...contentBased, RedrivePolicy: policy('dlq.fifo') });
    for (const body of ['a', 'b']) await at.send(q, body, { MessageGroupId: 'g' });
    const one = { ...at0, MaxNumberOfMessages: 1 };
    expect(await at.bodies(q, one)).toEqual(['a']);
    expect(await at.bodies(q, one)).toEqual(['b']);
    expect(await at.bodies(dlq)).toEqual(['a']);
  });

  test('a message stays where its dead-letter queue is gone', async () => {
    const { q, dlq } = await deadLetters();
    await at.sqs.deleteQueue({ QueueUrl: dlq });
    await at.send(q, 'a');
    for (let n = 0; n < 3; n += 1) expect(await at.bodies(q, at0)).toEqual(['a']);
  });

  test('taken away by an empty text; sources are listed', async () => {
    const { q, dlq } = await deadLetters();
    const sources = async () => told(await at.sqs.listDeadLetterSourceQueues({ QueueUrl: dlq }));
    expect(await sources()).toEqual({ queueUrls: [q] });
    await at.sqs.setQueueAttributes({ QueueUrl: q, Attributes: { RedrivePolicy: '' } });
    expect(await at.attributes(q)).not.toHaveProperty('RedrivePolicy');
    expect(await sources()).toEqual({ queueUrls: [] });
  });

  test.each([
    ['not JSON', 'Redrive policy is not a valid JSON map.'],
    ['{"maxReceiveCount":1}', 'does not contain mandatory attribute: deadLetterTargetArn.'],
    ['{"deadLetterTargetArn":"DLQ"}', 'does not contain mandatory attribute: maxReceiveCount.'],
    [
      '{"deadLetterTargetArn":"DLQ","maxReceiveCount":"many"}',
      'Invalid value for maxReceiveCount: many, valid values are from 1 to 1000 both inclusive.',
    ],
    ['{"deadLetterTargetArn":"DLQ","maxReceiveCount":0}', 'Invalid value for maxReceiveCount: 0'],
    [
      '{"deadLetterTargetArn":"dummy","maxReceiveCount":42}',
      'Invalid value for deadLetterTargetArn.',
    ],
    ['{"deadLetterTargetArn":"DLQx","maxReceiveCount":1}', 'Dead letter target does not exist.'],
    [
      '{"deadLetterTargetArn":"DLQ.fifo","maxReceiveCount":1}',
      'Dead-letter queue must be same type of queue as the source.',
    ],
    [
      '{"deadLetterTargetArn":"DLQ-closed","maxReceiveCount":1}',
      'Queue does not have permission to use the dead-letter queue.',
    ],
  ])('%s is refused', async (given, reason) => {
    await at.queue('dlq');
    await at.queue('dlq.fifo', contentBased);
    await at.queue('dlq-closed', { RedriveAllowPolicy: '{"redrivePermission":"denyAll"}' });
    const RedrivePolicy = given.replace('DLQ', at.on.queueArn('dlq'));
    const told = await refusal(at.queue('q', { RedrivePolicy }));
    expect(told).toContain(
      `InvalidParameterValue: Value ${RedrivePolicy} for parameter RedrivePolicy is invalid. Reason: `,
    );
    expect(told).toContain(reason);
  });
});

describe('move tasks', () => {
  const start = (more: { DestinationArn?: string; MaxNumberOfMessagesPerSecond?: number } = {}) =>
    at.sqs.startMessageMoveTask({ SourceArn: at.on.queueArn('dlq'), ...more });
  const tasks = async (MaxResults?: number) =>
    (
      await at.sqs.listMessageMoveTasks({
        SourceArn: at.on.queueArn('dlq'),
        ...(MaxResults === undefined ? {} : { MaxResults }),
      })
    ).Results;

  test('messages go back to where they came from, as new ones', async () => {
    const { q } = await deadLetters('message-1', 'message-2');
    const { TaskHandle = '' } = await start();
    expect(JSON.parse(Buffer.from(TaskHandle, 'base64').toString())).toEqual({
      taskId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sourceArn: at.on.queueArn('dlq'),
    });
    expect(await tasks()).toEqual([
      {
        ApproximateNumberOfMessagesMoved: 2,
        ApproximateNumberOfMessagesToMove: 2,
        SourceArn: at.on.queueArn('dlq'),
        StartedTimestamp: clock.now(),
        Status: 'COMPLETED',
      },
    ]);
    const messages = await at.receive(q, { MessageSystemAttributeNames: ['All'] });
    expect(messages.map(({ Body }) => Body)).toEqual(['message-1', 'message-2']);
    expect(messages[0]?.Attributes).not.toHaveProperty('DeadLetterQueueSourceArn');
    expect(messages[0]?.Attributes?.ApproximateReceiveCount).toBe('1');
  });

  test('or to another queue, so many a second, until they are cancelled', async () => {
    const { dlq } = await deadLetters('1', '2', '3', '4', '5');
    const other = await at.queue('other');
    const DestinationArn = at.on.queueArn('other');
    const { TaskHandle } = await start({ DestinationArn, MaxNumberOfMessagesPerSecond: 1 });
    await clock.advance(1_000);
    expect(await at.bodies(other)).toEqual(['1', '2']);
    const running = {
      ApproximateNumberOfMessagesMoved: 2,
      ApproximateNumberOfMessagesToMove: 5,
      DestinationArn,
      MaxNumberOfMessagesPerSecond: 1,
      SourceArn: at.on.queueArn('dlq'),
      StartedTimestamp: clock.now() - 1_000,
    };
    expect(await tasks()).toEqual([{ ...running, Status: 'RUNNING', TaskHandle }]);
    expect(await refusal(start())).toBe(
      'InvalidParameterValue: There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
    );
    expect(told(await at.sqs.cancelMessageMoveTask({ TaskHandle }))).toEqual({
      ApproximateNumberOfMessagesMoved: 2,
    });
    await clock.advance(10_000);
    expect(await tasks()).toEqual([{ ...running, Status: 'CANCELLED' }]);
    expect(await at.bodies(dlq)).toEqual(['3', '4', '5']);
    expect(await at.bodies(other)).toEqual([]);
  });

  test('a task fails where a message has nowhere to go', async () => {
    const { dlq } = await deadLetters('1', '2', '3');
    const other = await at.queue('other');
    const DestinationArn = at.on.queueArn('other');
    await start({ DestinationArn, MaxNumberOfMessagesPerSecond: 1 });
    await at.sqs.deleteQueue({ QueueUrl: other });
    await clock.advance(1_000);
    expect(await tasks()).toMatchObject([
      {
        ApproximateNumberOfMessagesMoved: 1,
        FailureReason: 'AWS.SimpleQueueService.NonExistentQueue',
        Status: 'FAILED',
      },
    ]);
    await at.send(dlq, 'sent here by itself');
    await start();
    expect(await tasks(2)).toMatchObject([
      { Status: 'FAILED', FailureReason: 'CouldNotDetermineMessageSource' },
      { Status: 'FAILED' },
    ]);
  });

  test('what is refused', async () => {
    const missing = at.on.queueArn('missing');
    const noSuch = (parameter: string) =>
      `ResourceNotFoundException: The resource that you specified for the ${parameter} parameter doesn't exist.`;
    await at.queue('plain');
    await deadLetters();
    const handle = (sourceArn: string) =>
      Buffer.from(
        JSON.stringify({ taskId: '10f57157-fc38-4da9-a113-4de7e12d05dd', sourceArn }),
      ).toString('base64');
    const cancel = (TaskHandle: string) => at.sqs.cancelMessageMoveTask({ TaskHandle });
    expect(await refusal(at.sqs.startMessageMoveTask({ SourceArn: at.on.queueArn('plain') }))).toBe(
      'InvalidParameterValue: Source queue must be configured as a Dead Letter Queue.',
    );
    expect(await refusal(at.sqs.startMessageMoveTask({ SourceArn: missing }))).toBe(
      noSuch('SourceArn'),
    );
    expect(await refusal(start({ DestinationArn: missing }))).toBe(noSuch('DestinationArn'));
    expect(await refusal(cancel('foobared'))).toBe(
      'InvalidParameterValue: Value for parameter TaskHandle is invalid.',
    );
    expect(await refusal(cancel(handle(missing)))).toBe(noSuch('SourceArn'));
    expect(await refusal(cancel(handle(at.on.queueArn('dlq'))))).toBe(
      'ResourceNotFoundException: Task does not exist.',
    );
  });
});
