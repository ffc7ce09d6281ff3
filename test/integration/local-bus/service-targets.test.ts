import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import type { PublishInput, PutRecordInput, StartExecutionInput } from '@tidings/local';
import { manualClock } from '@tidings/local';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { account, type BusFixture, busFixture, region } from '../../support/bus-fixture.ts';
import { httpTarget, type TargetAnswer } from '../../support/http-target.ts';

const clock = manualClock();
let on: BusFixture;
beforeEach(async () => {
  on = await busFixture({ clock, queues: ['q', 'dlq'] });
});
afterEach(() => on.end());

const topic = `arn:aws:sns:${region}:${account}:orders` as const;
const stream = `arn:aws:kinesis:${region}:${account}:stream/orders` as const;
const machine = `arn:aws:states:${region}:${account}:stateMachine:ship` as const;
const RoleArn = `arn:aws:iam::${account}:role/events`;

/** One event through a rule with one target, and what became of it. */
const deliver = async (
  Arn: string,
  more: object = {},
  detail: object = { orderId: '7781', n: 3 },
) => {
  await on.rule('r', {
    Id: 't',
    Arn,
    RoleArn,
    DeadLetterConfig: { Arn: on.queueArn('dlq') },
    ...more,
  });
  await on.put(detail);
  await on.bus.settled();
  return on.bus.deliveries.at(-1);
};
const event = () => on.bus.events.at(-1);

describe('a function takes the input of the service', () => {
  test('of a topic', async () => {
    const got: PublishInput[] = [];
    on.bus.handle(topic, (input) => got.push(input));
    expect(await deliver(topic)).toMatchObject({ state: 'delivered', targetArn: topic });
    expect(got).toEqual([{ TopicArn: topic, Message: event()?.text }]);
  });

  test.each([
    [{}, () => event()?.id],
    [{ KinesisParameters: { PartitionKeyPath: '$.detail.orderId' } }, () => '7781'],
    [{ KinesisParameters: { PartitionKeyPath: '$.detail.n' } }, () => '3'],
    [{ KinesisParameters: { PartitionKeyPath: '$.detail.none' } }, () => event()?.id],
  ])('of a stream, with its partition key, case %#', async (more, key) => {
    const got: PutRecordInput[] = [];
    on.bus.handle(stream, (input) => got.push(input));
    await deliver(stream, { ...more, InputPath: '$.detail' });
    expect(got).toMatchObject([{ StreamName: 'orders', StreamARN: stream, PartitionKey: key() }]);
    expect(Buffer.from(got[0]?.Data ?? []).toString()).toBe('{"orderId":"7781","n":3}');
  });

  test('of a state machine', async () => {
    const got: StartExecutionInput[] = [];
    on.bus.handle(machine, (input) => got.push(input));
    await deliver(machine, { Input: '{"order":1}' });
    expect(got).toEqual([
      {
        stateMachineArn: machine,
        name: expect.stringMatching(new RegExp(`^${event()?.id}_[0-9a-f-]{36}$`)),
        input: '{"order":1}',
      },
    ]);
  });
});

describe('errors of the services', () => {
  test.each([
    [topic, 'NotFoundException', 'dead-lettered', 'NO_RESOURCE'],
    [topic, 'AuthorizationErrorException', 'dead-lettered', 'NO_PERMISSIONS'],
    [topic, 'InternalErrorException', 'waiting', 'INTERNAL_ERROR'],
    [stream, 'ResourceNotFoundException', 'dead-lettered', 'NO_RESOURCE'],
    [stream, 'ProvisionedThroughputExceededException', 'waiting', 'THROTTLING'],
    [stream, 'InvalidArgumentException', 'dead-lettered', 'INVALID_PARAMETER'],
    [machine, 'StateMachineDoesNotExist', 'dead-lettered', 'NO_RESOURCE'],
    [machine, 'ExecutionLimitExceeded', 'waiting', 'RESOURCE_LIMIT_EXCEEDED'],
    [machine, 'ExecutionAlreadyExists', 'dead-lettered', 'RESOURCE_ALREADY_EXISTS'],
    [machine, 'SomethingElse', 'waiting', 'ERROR_FROM_TARGET'],
  ] as const)('%s: %s is %s as %s', async (arn: string, name, state, errorCode) => {
    on.bus.handle(arn, () => {
      throw Object.assign(new Error('because'), { name });
    });
    const record = await deliver(arn);
    expect(record).toMatchObject({ state, errorCode });
    expect(record?.errorMessage).toContain('because');
    if (state !== 'dead-lettered') return;
    const [letter] = await on.receive('dlq');
    expect(letter?.Body).toBe(event()?.text);
    expect(letter?.MessageAttributes?.ERROR_CODE?.StringValue).toBe(errorCode);
  });

  test('what nothing stands for is a dead letter', async () => {
    expect(await deliver(machine)).toMatchObject({
      state: 'dead-lettered',
      errorCode: 'NO_RESOURCE',
    });
  });
});

describe('a URL gets the call of the service', () => {
  const call = async (arn: string, answer?: TargetAnswer) => {
    const endpoint = await httpTarget(answer);
    on.bus.handle(arn, endpoint.url);
    const record = await deliver(arn);
    await endpoint.stop();
    return { record, request: endpoint.requests[0] };
  };

  test('Publish, as a form', async () => {
    const { record, request } = await call(topic);
    expect(record).toMatchObject({ state: 'delivered' });
    expect(request?.headers.authorization).toContain(`/${region}/sns/aws4_request`);
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      Action: 'Publish',
      Version: '2010-03-31',
      TopicArn: topic,
      Message: event()?.text,
    });
  });

  test('PutRecord', async () => {
    const { request } = await call(stream);
    expect(request?.headers).toMatchObject({
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Kinesis_20131202.PutRecord',
    });
    expect(JSON.parse(request?.body ?? '')).toEqual({
      StreamName: 'orders',
      StreamARN: stream,
      PartitionKey: event()?.id,
      Data: Buffer.from(event()?.text ?? '').toString('base64'),
    });
  });

  test('StartExecution', async () => {
    const { request } = await call(machine);
    expect(request?.headers).toMatchObject({
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AWSStepFunctions.StartExecution',
    });
    expect(JSON.parse(request?.body ?? '')).toMatchObject({
      stateMachineArn: machine,
      input: event()?.text,
    });
  });

  test.each([
    [
      stream,
      {
        status: 400,
        body: '{"__type":"ProvisionedThroughputExceededException","message":"Rate exceeded"}',
      },
      { state: 'waiting', errorCode: 'THROTTLING' },
    ],
    [
      machine,
      {
        status: 400,
        body: '{"__type":"com.amazonaws.swf.service.v2.model#StateMachineDoesNotExist"}',
      },
      { state: 'dead-lettered', errorCode: 'NO_RESOURCE' },
    ],
    [
      topic,
      {
        status: 404,
        body: '<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error></ErrorResponse>',
      },
      {
        state: 'dead-lettered',
        errorCode: 'NO_RESOURCE',
        errorMessage: 'NotFound: Topic does not exist',
      },
    ],
    [topic, { status: 503, body: 'busy' }, { state: 'waiting', errorCode: 'ERROR_FROM_TARGET' }],
  ])('its errors count, case %#', async (arn, answer, expected) => {
    expect((await call(arn, () => answer)).record).toMatchObject(expected);
  });
});

describe('a queue takes what it would take of any sender', () => {
  const fifo = async (attributes: Record<string, string>) => {
    await on.sqs.send(
      new CreateQueueCommand({
        QueueName: 'f.fifo',
        Attributes: { FifoQueue: 'true', ...attributes },
      }),
    );
    return await deliver(on.queueArn('f.fifo'), { SqsParameters: { MessageGroupId: 'g' } });
  };

  test('with the trace header of the entry', async () => {
    await on.rule('r', { Id: 't', Arn: on.queueArn('q') });
    const TraceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793';
    await on.events.send(
      new PutEventsCommand({
        Entries: [{ Source: 'com.acme.orders', DetailType: 'D', Detail: '{}', TraceHeader }],
      }),
    );
    await on.bus.settled();
    expect((await on.receive('q'))[0]?.Attributes?.AWSTraceHeader).toBe(TraceHeader);
  });

  test('a FIFO queue that deduplicates by content', async () => {
    expect(await fifo({ ContentBasedDeduplication: 'true' })).toMatchObject({ state: 'delivered' });
    expect((await on.receive('f.fifo'))[0]?.Attributes?.MessageGroupId).toBe('g');
  });

  test('a FIFO queue that needs an id for each message refuses', async () => {
    expect(await fifo({})).toMatchObject({
      state: 'dead-lettered',
      errorCode: 'INVALID_PARAMETER',
      errorMessage: expect.stringContaining('ContentBasedDeduplication'),
    });
  });

  test('a message that is longer than its limit is a dead letter', async () => {
    await on.sqs.send(
      new CreateQueueCommand({ QueueName: 'small', Attributes: { MaximumMessageSize: '1024' } }),
    );
    expect(await deliver(on.queueArn('small'), {}, { text: 'x'.repeat(1_024) })).toMatchObject({
      state: 'dead-lettered',
      errorMessage: expect.stringContaining('shorter than 1024 bytes'),
    });
  });
});
