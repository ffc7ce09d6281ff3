import type * as sq from '@aws-sdk/client-sqs';
import { manualClock } from '@tidings/local';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { account } from '../../support/bus-fixture.ts';
import { refusal } from '../../support/refusal.ts';
import {
  contentBased,
  fifo,
  perGroup,
  type SqsFixture,
  sqsFixture,
  told,
} from '../../support/sqs-fixture.ts';

// What SQS answered to these calls when it was asked. The values are its own; where it made
// up an id, any will do.

type Sent = [more: Partial<sq.SendMessageCommandInput>, refusal: string];
type Received = [more: Partial<sq.ReceiveMessageCommandInput>, refusal: string];

const clock = manualClock();
let at: SqsFixture;
let sqs: sq.SQS;
beforeEach(async () => {
  at = await sqsFixture({ clock });
  sqs = at.sqs;
});
afterEach(() => at.end());

test('a refusal carries both names of its error, the status and the version of the protocol', async () => {
  const raw = async (op: string, input: object) => {
    const response = await fetch(at.on.bus.url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-amz-json-1.0',
        'X-Amz-Target': `AmazonSQS.${op}`,
      },
      body: JSON.stringify(input),
    });
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      query: response.headers.get('x-amzn-query-error'),
      ...((await response.json()) as object),
    };
  };
  const type = 'application/x-amz-json-1.0';
  expect(await raw('GetQueueUrl', { QueueName: 'none' })).toEqual({
    status: 400,
    type,
    query: 'AWS.SimpleQueueService.NonExistentQueue;Sender',
    __type: 'com.amazonaws.sqs#QueueDoesNotExist',
    message: 'The specified queue does not exist.',
  });
  expect(await raw('CancelMessageMoveTask', { TaskHandle: 'foobared' })).toEqual({
    status: 400,
    type,
    query: 'InvalidParameterValue;Sender',
    __type: 'com.amazon.coral.service#InvalidParameterValueException',
    message: 'Value for parameter TaskHandle is invalid.',
  });
  expect(await raw('GetQueueUrl', {})).toEqual({
    status: 400,
    type,
    query: 'MissingParameter;Sender',
    __type: 'com.amazon.coral.service#MissingRequiredParameterException',
    message: 'The request must contain the parameter QueueName.',
  });
  expect(await raw('ListQueues', {})).toEqual({ status: 200, type, query: null });
});

describe('queues', () => {
  const standard = {
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesDelayed: '0',
    ApproximateNumberOfMessagesNotVisible: '0',
    CreatedTimestamp: expect.any(String),
    DelaySeconds: '0',
    LastModifiedTimestamp: expect.any(String),
    MaximumMessageSize: '1048576',
    MessageRetentionPeriod: '345600',
    QueueArn: expect.any(String),
    ReceiveMessageWaitTimeSeconds: '0',
    SqsManagedSseEnabled: 'true',
    VisibilityTimeout: '30',
  };

  test('attributes of a standard queue, changed and as they are without a change', async () => {
    const q = await at.queue('q', {
      MessageRetentionPeriod: '604800',
      ReceiveMessageWaitTimeSeconds: '10',
      VisibilityTimeout: '20',
    });
    const made = {
      ...standard,
      MessageRetentionPeriod: '604800',
      ReceiveMessageWaitTimeSeconds: '10',
      VisibilityTimeout: '20',
    };
    expect(await at.attributes(q)).toEqual(made);
    const changed = { MaximumMessageSize: '2048', VisibilityTimeout: '69', DelaySeconds: '420' };
    await clock.advance(2_000);
    await sqs.setQueueAttributes({ QueueUrl: q, Attributes: changed });
    const after = await at.attributes(q);
    expect(after).toEqual({ ...made, ...changed });
    expect(Number(after?.LastModifiedTimestamp)).toBe(Number(after?.CreatedTimestamp) + 2);
    expect(await at.attributes(await at.queue('plain'))).toEqual(standard);
  });

  test('attributes of a FIFO queue, which keeps its type', async () => {
    const q = await at.queue('q.fifo', {
      ...contentBased,
      FifoQueue: 'True',
      SqsManagedSseEnabled: 'true',
    });
    const all = {
      ...standard,
      FifoQueue: 'true',
      ContentBasedDeduplication: 'true',
      DeduplicationScope: 'queue',
      FifoThroughputLimit: 'perQueue',
    };
    expect(await at.attributes(q)).toEqual(all);
    await sqs.setQueueAttributes({
      QueueUrl: q,
      Attributes: { ContentBasedDeduplication: 'false', ...perGroup, FifoQueue: 'true' },
    });
    expect(await at.attributes(q)).toEqual({
      ...all,
      ContentBasedDeduplication: 'false',
      ...perGroup,
    });
    expect(
      await refusal(sqs.setQueueAttributes({ QueueUrl: q, Attributes: { FifoQueue: 'false' } })),
    ).toBe(
      'InvalidAttributeValue: Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.',
    );
  });

  test('a key and the encryption that SQS manages exclude each other', async () => {
    const q = await at.queue('q');
    const set = (Attributes: Record<string, string>) =>
      sqs.setQueueAttributes({ QueueUrl: q, Attributes });
    const encryption = () =>
      at.attributes(q, ['KmsMasterKeyId', 'KmsDataKeyReusePeriodSeconds', 'SqsManagedSseEnabled']);
    const key = { KmsMasterKeyId: 'testKeyId', KmsDataKeyReusePeriodSeconds: '6000' };
    expect(await refusal(set({ ...key, SqsManagedSseEnabled: 'true' }))).toBe(
      'InvalidAttributeName: You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
    );
    await set(key);
    expect(await encryption()).toEqual({ ...key, SqsManagedSseEnabled: 'false' });
    await set({ KmsMasterKeyId: '', KmsDataKeyReusePeriodSeconds: '300' });
    expect(await at.attributes(q)).toEqual({ ...standard, SqsManagedSseEnabled: 'false' });
    await set({ SqsManagedSseEnabled: 'true' });
    expect(await encryption()).toEqual({ SqsManagedSseEnabled: 'true' });
  });

  test.each([
    ['FifoQueue', 'false', 'Unknown Attribute FifoQueue.'],
    ['ContentBasedDeduplication', 'false', 'Unknown Attribute ContentBasedDeduplication.'],
    [
      'DeduplicationScope',
      'queue',
      'You can specify the DeduplicationScope only when FifoQueue is set to true.',
    ],
    [
      'FifoThroughputLimit',
      'perQueue',
      'You can specify the FifoThroughputLimit only when FifoQueue is set to true.',
    ],
  ])('a standard queue has no %s', async (name, value, message) => {
    const told = `InvalidAttributeName: ${message}`;
    expect(await refusal(at.queue('q', { [name]: value }))).toBe(told);
    const QueueUrl = await at.queue('q');
    const Attributes = { [name]: value };
    expect(await refusal(sqs.setQueueAttributes({ QueueUrl, Attributes }))).toBe(told);
  });

  test.each([
    ['plain', fifo, 'must end with .fifo suffix and be 1 to 80 in length.'],
    ['q.fifo', {}, 'Can only include alphanumeric characters, hyphens, or underscores.'],
    ['a/b', {}, 'Can only include alphanumeric characters, hyphens, or underscores.'],
    ['x'.repeat(81), {}, '1 to 80 in length'],
  ])('the name %s is refused for its type', async (name, given, reason) => {
    const told = await refusal(at.queue(name, given));
    expect(told).toMatch(/^InvalidParameterValue: /);
    expect(told).toContain(reason);
  });

  test('creating it again is refused where an attribute differs from what it is by now', async () => {
    const wait = { ReceiveMessageWaitTimeSeconds: '1' };
    const q = await at.queue('q', { ...wait, DelaySeconds: '1' });
    const differs = (name: string) =>
      `QueueNameExists: A queue already exists with the same name and a different value for attribute ${name}`;
    expect(await at.queue('q')).toBe(q);
    expect(await at.queue('q', { DelaySeconds: '1' })).toBe(q);
    expect(await refusal(at.queue('q', { ...wait, DelaySeconds: '2' }))).toBe(
      differs('DelaySeconds'),
    );
    await sqs.setQueueAttributes({ QueueUrl: q, Attributes: { DelaySeconds: '2' } });
    expect(await at.queue('q', { ...wait, DelaySeconds: '2' })).toBe(q);
    expect(await refusal(at.queue('q', { DelaySeconds: '1' }))).toBe(differs('DelaySeconds'));
    await at.queue('q.fifo', contentBased);
    expect(
      await refusal(at.queue('q.fifo', { ...contentBased, ContentBasedDeduplication: 'false' })),
    ).toBe(differs('ContentBasedDeduplication'));
  });

  test('lists are cut where a size is asked for', async () => {
    const urls: string[] = [];
    for (let n = 0; n < 10; n += 1) urls.push(await at.queue(`list-${n}`));
    await at.queue('other');
    const QueueNamePrefix = 'list-';
    expect(told(await sqs.listQueues({ QueueNamePrefix }))).toEqual({ QueueUrls: urls });
    const first = await sqs.listQueues({ QueueNamePrefix, MaxResults: 2 });
    expect(first.QueueUrls).toEqual(urls.slice(0, 2));
    const { NextToken } = first;
    const rest = await sqs.listQueues({ QueueNamePrefix, MaxResults: 10, NextToken });
    expect(told(rest)).toEqual({ QueueUrls: urls.slice(2) });
  });

  test('tags', async () => {
    const QueueUrl = await at.queue('q');
    const tags = async () => told(await sqs.listQueueTags({ QueueUrl }));
    await sqs.tagQueue({ QueueUrl, Tags: { tag1: 'value1', tag2: 'value2', tag3: '' } });
    expect(await tags()).toEqual({ Tags: { tag1: 'value1', tag2: 'value2', tag3: '' } });
    await sqs.untagQueue({ QueueUrl, TagKeys: ['tag1', 'tag3', 'none'] });
    expect(await tags()).toEqual({ Tags: { tag2: 'value2' } });
    await sqs.untagQueue({ QueueUrl, TagKeys: ['tag2'] });
    expect(await tags()).toEqual({});
    const { QueueUrl: tagged } = await sqs.createQueue({ QueueName: 't', tags: { a: 'b' } });
    expect((await sqs.listQueueTags({ QueueUrl: tagged })).Tags).toEqual({ a: 'b' });
  });

  test('permissions are statements of the policy', async () => {
    const QueueUrl = await at.queue('q');
    const add = (Label: string, ...AWSAccountIds: string[]) =>
      sqs.addPermission({ QueueUrl, Label, AWSAccountIds, Actions: ['ReceiveMessage'] });
    const policy = async () => {
      const { Policy } = await at.attributes(QueueUrl, ['Policy']);
      return Policy === undefined ? undefined : (JSON.parse(Policy) as unknown);
    };
    const root = (id: string) => `arn:aws:iam::${id}:root`;
    const statement = (Sid: string, AWS: unknown) => ({
      Sid,
      Effect: 'Allow',
      Principal: { AWS },
      Action: 'SQS:ReceiveMessage',
      Resource: at.on.queueArn('q'),
    });
    const Id = `${at.on.queueArn('q')}/SQSDefaultPolicy`;
    await add('crossaccountpermission', account, '668614515564');
    expect(await policy()).toEqual({
      Version: '2008-10-17',
      Id,
      Statement: [statement('crossaccountpermission', [root(account), root('668614515564')])],
    });
    await sqs.removePermission({ QueueUrl, Label: 'crossaccountpermission' });
    expect(await policy()).toBeUndefined();
    await add('crossaccountpermission', account);
    expect(await refusal(add('crossaccountpermission', '668614515564'))).toBe(
      'InvalidParameterValue: Value crossaccountpermission for parameter Label is invalid. Reason: Already exists.',
    );
    await add('crossaccountpermission2', account);
    expect(await policy()).toMatchObject({
      Statement: [
        statement('crossaccountpermission', root(account)),
        statement('crossaccountpermission2', root(account)),
      ],
    });
    for (const Label of ['crossaccountpermission', 'crossaccountpermission2']) {
      await sqs.removePermission({ QueueUrl, Label });
    }
    expect(await policy()).toBeUndefined();
    expect(
      await refusal(sqs.removePermission({ QueueUrl, Label: 'crossaccountpermission2' })),
    ).toBe(
      "InvalidParameterValue: Value crossaccountpermission2 for parameter Label is invalid. Reason: can't find label.",
    );
  });

  test('purged once a minute, with what a FIFO queue knew of repeated messages', async () => {
    const QueueUrl = await at.queue('q.fifo', contentBased);
    await at.send(QueueUrl, 'a', { MessageGroupId: 'g' });
    await sqs.purgeQueue({ QueueUrl });
    await at.send(QueueUrl, 'a', { MessageGroupId: 'g' });
    expect(await at.bodies(QueueUrl)).toEqual(['a']);
    expect(await refusal(sqs.purgeQueue({ QueueUrl }))).toBe(
      'PurgeQueueInProgress: Only one PurgeQueue operation on q.fifo is allowed every 60 seconds.',
    );
    await clock.advance(60_000);
    await sqs.purgeQueue({ QueueUrl });
  });
});

describe('sending', () => {
  const attribute = { k: { DataType: 'String', StringValue: 'x' } };
  const attributeBytes = 'kStringx'.length;

  test.each<Sent>([
    [{ MessageBody: '' }, 'MissingParameter: The request must contain the parameter MessageBody.'],
    [
      { MessageBody: 'a'.repeat(1_048_577 - attributeBytes), MessageAttributes: attribute },
      'InvalidParameterValue: One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.',
    ],
    [{ MessageBody: 'x\u0000y\u0008z' }, 'InvalidMessageContents'],
    [
      { MessageAttributes: { ErrorDetails: { DataType: 'String', StringValue: '' } } },
      "InvalidParameterValue: Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'.",
    ],
    [
      { MessageAttributes: { attr1: { DataType: 'String', StringValue: 'x\u0008,\u000b' } } },
      'InvalidParameterValue',
    ],
    ...['aWs.-x', 'AMAZON.-x', '.-x', 'a!b', 'a"b', 'a§b', 'a(b', 'a?b', 'L'.repeat(257)].map(
      (name): Sent => [
        { MessageAttributes: { [name]: { DataType: 'String', StringValue: 'x' } } },
        'InvalidParameterValue',
      ],
    ),
    ...['', 'x'.repeat(129), 'group 123'].map(
      (MessageGroupId): Sent => [
        { MessageGroupId },
        `InvalidParameterValue: Value ${MessageGroupId} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
      ],
    ),
  ])('what a standard queue refuses, case %#', async (more, message) => {
    expect(await refusal(at.send(await at.queue('q'), 'message', more))).toContain(message);
  });

  test.each<Sent>([
    [
      { MessageGroupId: 'g' },
      'InvalidParameterValue: The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    ],
    [
      { MessageDeduplicationId: 'd' },
      'MissingParameter: The request must contain the parameter MessageGroupId.',
    ],
    [
      { MessageGroupId: 'g', MessageDeduplicationId: 'd', DelaySeconds: 2 },
      'InvalidParameterValue: Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.',
    ],
    ...['', 'x'.repeat(129), 'group 123'].map(
      (MessageDeduplicationId): Sent => [
        { MessageGroupId: 'g', MessageDeduplicationId },
        `InvalidParameterValue: Value ${MessageDeduplicationId} for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
      ],
    ),
  ])('what a FIFO queue refuses, case %#', async (more, message) => {
    expect(await refusal(at.send(await at.queue('q.fifo', fifo), 'message', more))).toBe(message);
  });

  test('a smaller limit holds for each message, and refuses one of a batch alone', async () => {
    const q = await at.queue('q', { MaximumMessageSize: '1024' });
    await at.send(q, 'a'.repeat(1_024));
    expect(
      await refusal(
        at.send(q, 'a'.repeat(1_025 - attributeBytes), { MessageAttributes: attribute }),
      ),
    ).toBe(
      'InvalidParameterValue: One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.',
    );
    const batch = await sqs.sendMessageBatch({
      QueueUrl: q,
      Entries: [
        { Id: 'fits', MessageBody: 'a'.repeat(1_024) },
        { Id: 'not', MessageBody: 'a'.repeat(1_025) },
        { Id: 'neither', MessageBody: '\u0001' },
      ],
    });
    expect(told(batch)).toEqual({
      Successful: [
        {
          Id: 'fits',
          MD5OfMessageBody: 'c9a34cfc85d982698c6ac89f76071abd',
          MessageId: expect.any(String),
        },
      ],
      Failed: [
        {
          Id: 'not',
          Code: 'InvalidParameterValue',
          Message:
            'One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.',
          SenderFault: true,
        },
        expect.objectContaining({ Id: 'neither', Code: 'InvalidMessageContents' }),
      ],
    });
  });

  test('a batch may be longer than a message of its queue, and no longer than a mebibyte', async () => {
    const q = await at.queue('q', { MaximumMessageSize: '2048' });
    const batch = (bytes: number) =>
      sqs.sendMessageBatch({
        QueueUrl: q,
        Entries: [
          {
            Id: '1',
            MessageBody: 'a'.repeat(bytes - attributeBytes),
            MessageAttributes: attribute,
          },
          { Id: '2', MessageBody: 'a' },
        ],
      });
    expect((await batch(2_048)).Successful).toEqual([
      {
        Id: '1',
        MD5OfMessageAttributes: 'a45daa70926828a2f0a1db3418e6feb4',
        MD5OfMessageBody: 'f44facf5a7ee0af446ecf3e0f854441e',
        MessageId: expect.any(String),
      },
      {
        Id: '2',
        MD5OfMessageBody: '0cc175b9c0f1b6a831c399e269772661',
        MessageId: expect.any(String),
      },
    ]);
    expect(await refusal(batch(1_048_576))).toBe(
      'BatchRequestTooLong: Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.',
    );
  });

  const invalidId =
    'InvalidBatchEntryId: A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.';
  test.each([
    [['message:1'], invalidId],
    [[''], invalidId],
    [['testLongId'.repeat(10)], invalidId],
    [
      Array.from({ length: 20 }, (_, n) => `${n}`),
      'TooManyEntriesInBatchRequest: Maximum number of entries per request are 10. You have sent 20.',
    ],
  ])('ids of every kind of batch are checked, case %#', async (ids, message) => {
    const QueueUrl = await at.queue('q');
    const entries = ids.map((Id) => ({ Id, ReceiptHandle: 'testHandle1' }));
    for (const call of [
      sqs.sendMessageBatch({ QueueUrl, Entries: ids.map((Id) => ({ Id, MessageBody: 'x' })) }),
      sqs.deleteMessageBatch({ QueueUrl, Entries: entries }),
      sqs.changeMessageVisibilityBatch({
        QueueUrl,
        Entries: entries.map((entry) => ({ ...entry, VisibilityTimeout: 123 })),
      }),
    ]) {
      expect(await refusal(call)).toBe(message);
    }
  });

  test('an entry without what a FIFO queue needs refuses its whole batch', async () => {
    const QueueUrl = await at.queue('q.fifo', fifo);
    const batch = (second: Partial<sq.SendMessageBatchRequestEntry>) =>
      sqs.sendMessageBatch({
        QueueUrl,
        Entries: [
          { Id: 'a', MessageBody: 'x', MessageGroupId: 'g', MessageDeduplicationId: 'd1' },
          { Id: 'b', MessageBody: 'y', ...second },
        ],
      });
    expect(await refusal(batch({ MessageGroupId: 'g' }))).toBe(
      'InvalidParameterValue: The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
    expect(await refusal(batch({ MessageDeduplicationId: 'd2' }))).toBe(
      'InvalidParameterValue: The request must contain the parameter MessageGroupId.',
    );
    expect(await at.bodies(QueueUrl)).toEqual([]);
  });

  test('digests of attributes, and of those of the system apart from them', async () => {
    const q = await at.queue('q');
    const trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
    const sent = await at.send(q, 'test', {
      MessageAttributes: { timestamp: { StringValue: '1493147359900', DataType: 'Number' } },
      MessageSystemAttributes: { AWSTraceHeader: { StringValue: trace, DataType: 'String' } },
    });
    expect(sent).toMatchObject({
      MD5OfMessageAttributes: '235c5c510d26fb653d073faed50ae77c',
      MD5OfMessageSystemAttributes: '5ae4d5d7636402d80f4eb6d213245a88',
    });
    const [message] = await at.receive(q, { MessageSystemAttributeNames: ['AWSTraceHeader'] });
    expect(message?.Attributes).toEqual({ AWSTraceHeader: trace });
    const bytes = Buffer.from(
      'traceparent\u001e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01',
    );
    await at.send(q, 'test', {
      MessageAttributes: { attr1: { DataType: 'Binary', BinaryValue: bytes } },
    });
    const [binary] = await at.receive(q, { MessageAttributeNames: ['All'] });
    expect(binary?.MD5OfMessageAttributes).toBe('8cbe4db156db8a94db8b801b7addb984');
    expect(Buffer.from(binary?.MessageAttributes?.attr1?.BinaryValue ?? []).equals(bytes)).toBe(
      true,
    );
  });

  test('the trace header of a request becomes that of its message', async () => {
    const q = await at.queue('q');
    const trace = 'Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1';
    sqs.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers['X-Amzn-Trace-Id'] = trace;
        return next(args);
      },
      { step: 'build' },
    );
    await at.send(q, 'test');
    const [message] = await at.receive(q, { MessageSystemAttributeNames: ['AWSTraceHeader'] });
    expect(message?.Attributes).toEqual({ AWSTraceHeader: trace });
  });
});

describe('receiving', () => {
  test.each<Received>([
    [
      { MaxNumberOfMessages: 11 },
      'InvalidParameterValue: Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.',
    ],
    ...[21, -1].map(
      (WaitTimeSeconds): Received => [
        { WaitTimeSeconds },
        `InvalidParameterValue: Value ${WaitTimeSeconds} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.`,
      ],
    ),
  ])('what is refused, case %#', async (more, message) => {
    expect(await refusal(at.receive(await at.queue('q'), more))).toBe(message);
  });

  const help = { 'Help.Me': 'Me' };
  const hello = { Hello: 'There' };
  const general = { General: 'Kenobi' };
  test.each([
    [[], {}, undefined],
    [['All'], { ...help, ...hello, ...general }, '4c360f3fdafd970e05fae2f149d997f5'],
    [['*'], { ...help, ...hello, ...general }, '4c360f3fdafd970e05fae2f149d997f5'],
    [['.*'], { ...help, ...hello, ...general }, '4c360f3fdafd970e05fae2f149d997f5'],
    [['Foo', 'Help'], {}, undefined],
    [['Hello', 'General'], { ...hello, ...general }, 'fca026605781cb4126a1e9044df24232'],
    [['Foo', 'Hello'], hello, 'a311262e065454b75da111d535b8dacd'],
    [['Hel.*'], { ...help, ...hello }, '83fee93c1bcd8b9a5a923ffacdc636c7'],
    [['AWS.'], {}, undefined],
    [['..foo'], {}, undefined],
  ])('message attributes by %j', async (names, wanted, digest) => {
    const q = await at.queue('q');
    await at.send(q, 'msg', {
      MessageAttributes: Object.fromEntries(
        Object.entries({ ...help, ...hello, ...general }).map(([name, StringValue]) => [
          name,
          { DataType: 'String', StringValue },
        ]),
      ),
    });
    const [message] = await at.receive(q, { MessageAttributeNames: names });
    expect(message?.MD5OfMessageAttributes).toBe(digest);
    expect(
      Object.fromEntries(
        Object.entries(message?.MessageAttributes ?? {}).map(([name, { StringValue }]) => [
          name,
          StringValue,
        ]),
      ),
    ).toEqual(wanted);
  });

  test('system attributes by either list of names', async () => {
    const q = await at.queue('q', { VisibilityTimeout: '0' });
    await at.send(q, 'msg');
    const system = async (more: Partial<sq.ReceiveMessageCommandInput>) =>
      (await at.receive(q, more))[0]?.Attributes;
    const all = (count: string) => ({
      ApproximateFirstReceiveTimestamp: expect.any(String),
      ApproximateReceiveCount: count,
      SenderId: expect.any(String),
      SentTimestamp: expect.any(String),
    });
    expect(await system({ AttributeNames: ['All'] })).toEqual(all('1'));
    expect(await system({ MessageSystemAttributeNames: ['All'] })).toEqual(all('2'));
    expect(await system({ MessageSystemAttributeNames: ['All'], AttributeNames: ['All'] })).toEqual(
      all('3'),
    );
    const sender = { SenderId: expect.any(String) };
    expect(await system({ MessageSystemAttributeNames: ['SenderId', 'SequenceNumber'] })).toEqual(
      sender,
    );
    expect(await system({})).toBeUndefined();
  });

  test('of a FIFO queue, and of a standard queue with a group', async () => {
    const q = await at.queue('q.fifo', { ...contentBased, ...perGroup, VisibilityTimeout: '0' });
    const sent = await at.send(q, 'message-body-1', {
      MessageGroupId: 'group-1',
      MessageDeduplicationId: 'dedup-1',
    });
    for (const count of ['1', '2']) {
      const [message] = await at.receive(q, { MessageSystemAttributeNames: ['All'] });
      expect(message?.Attributes).toEqual({
        ApproximateFirstReceiveTimestamp: expect.any(String),
        ApproximateReceiveCount: count,
        MessageDeduplicationId: 'dedup-1',
        MessageGroupId: 'group-1',
        SenderId: expect.any(String),
        SentTimestamp: expect.any(String),
        SequenceNumber: sent.SequenceNumber,
      });
    }
    const standard = await at.queue('q');
    await at.send(standard, 'message', { MessageGroupId: 'test' });
    const [message] = await at.receive(standard, { MessageSystemAttributeNames: ['All'] });
    expect(message?.Attributes).toEqual({
      ApproximateFirstReceiveTimestamp: expect.any(String),
      ApproximateReceiveCount: '1',
      MessageGroupId: 'test',
      SenderId: expect.any(String),
      SentTimestamp: expect.any(String),
    });
  });

  test('a handle after its time: good on a standard queue, expired on a FIFO queue', async () => {
    const standard = await at.queue('q', { VisibilityTimeout: '1' });
    await at.send(standard, 'test');
    const [first] = await at.receive(standard);
    await clock.advance(2_000);
    await at.hide(standard, first, 2);
    expect(await at.bodies(standard)).toEqual([]);
    await at.delete(standard, first);
    expect(await refusal(at.hide(standard, first, 42))).toBe(
      `InvalidParameterValue: Value ${first?.ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
    );
    await clock.advance(2_000);
    expect(await at.bodies(standard)).toEqual([]);

    const ordered = await at.queue('q.fifo', { ...contentBased, VisibilityTimeout: '1' });
    for (const body of ['late', 'early']) await at.send(ordered, body, { MessageGroupId: body });
    const [late, early] = await at.receive(ordered);
    await at.hide(ordered, early, 5);
    await clock.advance(1_500);
    expect(await refusal(at.delete(ordered, late))).toBe(
      `InvalidParameterValue: Value ${late?.ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
    );
    await at.delete(ordered, early);
    await clock.advance(5_000);
    expect(await at.bodies(ordered)).toEqual(['late']);
    expect(await refusal(sqs.deleteMessage({ QueueUrl: standard, ReceiptHandle: 'garbage' }))).toBe(
      'ReceiptHandleIsInvalid: The input receipt handle "garbage" is not a valid receipt handle.',
    );
  });

  test('a message is hidden for twelve hours at most since it was received', async () => {
    const q = await at.queue('q');
    await at.send(q, 'a');
    const [message] = await at.receive(q);
    await at.hide(q, message, 43_200);
    await clock.advance(1_000);
    expect(await refusal(at.hide(q, message, 43_200))).toBe(
      'InvalidParameterValue: Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].',
    );
    await at.hide(q, message, 43_199);
  });

  test('a batch of handles is changed one by one', async () => {
    const q = await at.queue('q');
    await at.send(q, 'a');
    await at.send(q, 'b');
    const messages = await at.receive(q);
    const batch = await sqs.changeMessageVisibilityBatch({
      QueueUrl: q,
      Entries: [
        ...messages.map(({ ReceiptHandle }, n) => ({
          Id: `${n}`,
          ReceiptHandle,
          VisibilityTimeout: n === 0 ? 0 : 60,
        })),
        { Id: 'gone', ReceiptHandle: 'garbage', VisibilityTimeout: 0 },
      ],
    });
    expect(batch.Successful).toEqual([{ Id: '0' }, { Id: '1' }]);
    expect(batch.Failed).toMatchObject([{ Id: 'gone', Code: 'ReceiptHandleIsInvalid' }]);
    expect(await at.bodies(q)).toEqual(['a']);
    await clock.advance(30_000);
    expect(await at.bodies(q)).toEqual(['a']);
  });
});
