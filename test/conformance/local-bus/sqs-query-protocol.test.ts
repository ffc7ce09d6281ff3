import { afterAll, beforeAll, expect, test } from 'vitest';
import { account, region } from '../../support/bus-fixture.ts';
import { type SqsFixture, sqsFixture } from '../../support/sqs-fixture.ts';

// What SDKs say to SQS that are older than its JSON protocol (November 2023).

let at: SqsFixture;
beforeAll(async () => {
  at = await sqsFixture();
});
afterAll(() => at.end());

const signed = `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/sqs/aws4_request, SignedHeaders=host, Signature=0`;

const post = async (
  form: Record<string, string>,
  { path = '/', authorization = signed as string | null } = {},
) => {
  const response = await fetch(`${at.on.bus.url}${path}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8',
      ...(authorization === null ? {} : { authorization }),
    },
    body: new URLSearchParams(form),
  });
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    text: text.replaceAll(/<RequestId>[0-9a-f-]{36}<\/RequestId>/g, '<RequestId/>'),
  };
};
const ask = async (Action: string, form: Record<string, string>, path?: string) =>
  (await post({ Action, Version: '2012-11-05', ...form }, path === undefined ? {} : { path })).text;
const between = (text: string, name: string) =>
  [...text.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs'))].map(([, found]) => found);
const xmlns = 'xmlns="http://queue.amazonaws.com/doc/2012-11-05/"';
const metadata = '<ResponseMetadata><RequestId/></ResponseMetadata>';

test('a queue with attributes and tags, messages with attributes, one by one and in batches', async () => {
  const url = `${at.on.bus.url}/${account}/old`;
  expect(
    await ask('CreateQueue', {
      QueueName: 'old',
      'Attribute.1.Name': 'VisibilityTimeout',
      'Attribute.1.Value': '5',
      'Tag.1.Key': 'team',
      'Tag.1.Value': 'orders',
    }),
  ).toBe(
    `<?xml version="1.0"?><CreateQueueResponse ${xmlns}><CreateQueueResult><QueueUrl>${url}</QueueUrl></CreateQueueResult>${metadata}</CreateQueueResponse>`,
  );
  expect(await ask('ListQueueTags', { QueueUrl: url })).toContain(
    '<ListQueueTagsResult><Tag><Key>team</Key><Value>orders</Value></Tag></ListQueueTagsResult>',
  );
  expect(
    await ask('GetQueueAttributes', {
      QueueUrl: url,
      'AttributeName.1': 'QueueArn',
      'AttributeName.2': 'VisibilityTimeout',
    }),
  ).toContain(
    `<Attribute><Name>QueueArn</Name><Value>${at.on.queueArn('old')}</Value></Attribute><Attribute><Name>VisibilityTimeout</Name><Value>5</Value></Attribute>`,
  );
  // A request to the queue's own URL need not name it.
  await ask(
    'SendMessage',
    {
      MessageBody: '<a>&"\r\n',
      'MessageAttribute.1.Name': 'Hello',
      'MessageAttribute.1.Value.DataType': 'String',
      'MessageAttribute.1.Value.StringValue': 'There',
      DelaySeconds: '0',
    },
    `/${account}/old`,
  );
  const received = await ask('ReceiveMessage', {
    QueueUrl: url,
    MaxNumberOfMessages: '10',
    'AttributeName.1': 'ApproximateReceiveCount',
    'MessageAttributeName.1': 'All',
  });
  expect(between(received, 'Body')).toEqual(['&lt;a&gt;&amp;&quot;&#xD;\n']);
  expect(received).toContain(
    '<MessageAttribute><Name>Hello</Name><Value><DataType>String</DataType><StringValue>There</StringValue></Value></MessageAttribute>',
  );
  expect(received).toContain(
    '<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>',
  );
  const [handle = ''] = between(received, 'ReceiptHandle');
  expect(await ask('DeleteMessage', { QueueUrl: url, ReceiptHandle: handle })).toBe(
    `<?xml version="1.0"?><DeleteMessageResponse ${xmlns}>${metadata}</DeleteMessageResponse>`,
  );
  const batch = await ask('SendMessageBatch', {
    QueueUrl: url,
    'SendMessageBatchRequestEntry.1.Id': 'a',
    'SendMessageBatchRequestEntry.1.MessageBody': 'first',
    'SendMessageBatchRequestEntry.2.Id': 'b',
    'SendMessageBatchRequestEntry.2.MessageBody': '\u0001',
  });
  expect(between(batch, 'SendMessageBatchResultEntry')[0]).toContain('<Id>a</Id>');
  expect(between(batch, 'BatchResultErrorEntry')[0]).toContain(
    '<Code>InvalidMessageContents</Code>',
  );
  expect(at.on.bus.requests.at(-1)?.op).toBe('SendMessageBatch');
});

test.each([
  [
    { Action: 'GetQueueUrl', QueueName: 'none' },
    400,
    'AWS.SimpleQueueService.NonExistentQueue',
    'The specified queue does not exist for this wsdl version.',
  ],
  [
    { Action: 'SendMessage', QueueUrl: 'q', MessageBody: '' },
    400,
    'MissingParameter',
    'The request must contain the parameter MessageBody.',
  ],
  [
    { Action: 'ListMessageMoveTasks', SourceArn: 'arn:aws:sqs:eu-west-1:000000000000:none' },
    404,
    'ResourceNotFoundException',
    "The resource that you specified for the SourceArn parameter doesn't exist.",
  ],
  [{}, 400, 'MissingAction', 'The request must contain the parameter Action.'],
] as const)('what is refused, case %#', async (form, status, code, message) => {
  await at.queue('q');
  expect(await post(form as Record<string, string>)).toEqual({
    status,
    type: 'text/xml',
    text: `<?xml version="1.0"?><ErrorResponse ${xmlns}><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message><Detail/></Error><RequestId/></ErrorResponse>`,
  });
});

test('a form without a signature for SQS, as a page could send it, does nothing', async () => {
  const before = at.on.bus.requests.length;
  for (const authorization of [null, signed.replace('/sqs/', '/events/'), 'Basic dTpw']) {
    await post({ Action: 'CreateQueue', QueueName: 'foreign' }, { authorization });
  }
  expect(at.on.bus.requests).toHaveLength(before);
  expect(await ask('ListQueues', { QueueNamePrefix: 'foreign' })).not.toContain('QueueUrl');
});

test('forms of any shape are answered', async () => {
  await at.queue('q');
  const parts = ['Attribute', 'Tag', 'MessageAttribute', 'SendMessageBatchRequestEntry', '1', '2'];
  const more = ['Name', 'Value', 'Id', 'MessageBody', 'Key', '__proto__', '', 'AttributeName'];
  const names = [...parts, ...more];
  const ops = [
    'CreateQueue',
    'SendMessage',
    'SendMessageBatch',
    'TagQueue',
    'ReceiveMessage',
    'x<',
  ];
  let seed = 1;
  const pick = <T>(from: readonly T[]): T => {
    seed = (seed * 48_271) % 2_147_483_647;
    return from[seed % from.length] as T;
  };
  for (let n = 0; n < 150; n += 1) {
    const form: Record<string, string> = { Action: pick(ops), QueueUrl: 'q' };
    for (let field = 0; field < 4; field += 1) {
      const depth = pick([1, 2, 3, 4, 5]);
      form[Array.from({ length: depth }, () => pick(names)).join('.')] = pick([
        '',
        'x',
        '1',
        '\u0000',
      ]);
    }
    const { status, text } = await post(form);
    expect([200, 400]).toContain(status);
    expect(text).toMatch(/^<\?xml version="1.0"\?><(\w+Response|ErrorResponse) .*Response>$/s);
  }
  const deep = `${'a.'.repeat(100_000)}a`;
  expect((await post({ Action: 'SendMessage', QueueUrl: 'q', [deep]: 'x' })).status).toBe(400);
});
