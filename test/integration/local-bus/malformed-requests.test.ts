import { Agent, request } from 'node:http';
import * as eventBridge from '@aws-sdk/client-eventbridge';
import * as sqs from '@aws-sdk/client-sqs';
import { type SpawnedBus, spawnLocalBus } from '@tidings/local';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../../../packages/local/src/seeded-random.ts';
import { almostRightRequests } from '../../support/almost-right-requests.ts';

// In a process of its own: what ends it would end nothing else.
let bus: SpawnedBus;
beforeAll(async () => {
  bus = await spawnLocalBus();
});
afterAll(() => bus.stop());

const operations = [
  ...Object.keys(eventBridge).map((name) => `AWSEvents.${name}`),
  ...Object.keys(sqs).map((name) => `AmazonSQS.${name}`),
].flatMap((name) => (name.endsWith('Command') ? [name.slice(0, -'Command'.length)] : []));

const busArn = 'arn:aws:events:us-east-1:000000000000:event-bus/default';
/** Values that are right somewhere, so that some requests get far. */
const plausible = [
  'default',
  'some-name',
  busArn,
  `${busArn.replace('event-bus/default', 'archive/some-name')}`,
  'arn:aws:sqs:us-east-1:000000000000:some-name',
  '{"source":["x"]}',
  '{"a":1}',
  'rate(1 minute)',
  'x',
  1,
  true,
  1_700_000_000,
];
const hostile = [
  null,
  '',
  {},
  [],
  [null],
  [[]],
  { toString: 1, valueOf: 1 },
  { __proto__: null, length: -1 },
  JSON.parse('{"__proto__":{"Name":"x"},"constructor":{"prototype":1}}'),
  -1,
  0,
  1.5,
  1e308,
  -0,
  '\ud800',
  '\u0000',
  '*'.repeat(300),
  '(((((((((((a+)+)+)+',
  '<'.repeat(500),
  '$[*][*].*',
  'x'.repeat(5_000),
  '__proto__',
  'arn:aws:events:::',
  'http://[',
  'https://127.0.0.1:99999/',
  'no endpoint',
  '{"a":<b>}',
  '\r\nX: y',
];
const fields = [
  ...['Name', 'EventBusName', 'EventPattern', 'ScheduleExpression', 'State', 'Description', 'Tags'],
  ...['Rule', 'Targets', 'Id', 'Arn', 'Input', 'InputPath', 'InputTransformer', 'InputTemplate'],
  ...['InputPathsMap', 'Ids', 'TargetArn', 'NextToken', 'Limit', 'NamePrefix', 'Event', 'Entries'],
  ...[
    'Source',
    'DetailType',
    'Detail',
    'Resources',
    'Time',
    'TraceHeader',
    'RetryPolicy',
    'Policy',
  ],
  ...['ArchiveName', 'EventSourceArn', 'RetentionDays', 'ReplayName', 'EventStartTime', 'Key'],
  ...['EventEndTime', 'Destination', 'FilterArns', 'AuthorizationType', 'AuthParameters', 'Value'],
  ...['ConnectionArn', 'InvocationEndpoint', 'HttpMethod', 'ResourceARN', 'TagKeys', 'Condition'],
  ...['StatementId', 'Principal', 'Action', 'DeadLetterConfig', 'LogConfig', 'HttpParameters'],
  ...['BasicAuthParameters', 'OAuthParameters', 'InvocationHttpParameters', 'HeaderParameters'],
  ...['QueueUrl', 'QueueName', 'Attributes', 'AttributeNames', 'MessageBody', 'MessageAttributes'],
  ...['ReceiptHandle', 'VisibilityTimeout', 'MaxNumberOfMessages', 'DelaySeconds', 'SourceArn'],
  ...['MessageGroupId', 'SqsParameters', 'MessageAttributeNames', 'tags', 'SourceArn', 'toString'],
];

function generator(seed: number) {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const value = (depth: number): unknown => {
    const kind = random();
    if (kind < 0.35) return pick(plausible);
    if (kind < 0.7 || depth > 3) return pick(hostile);
    return kind < 0.85
      ? object(depth + 1)
      : Array.from({ length: pick([1, 2, 12]) }, () => value(depth + 1));
  };
  const object = (depth: number): object =>
    Object.fromEntries(Array.from({ length: pick([1, 4, 9]) }, () => [pick(fields), value(depth)]));
  return (): { readonly target: string; readonly body: string } => {
    const target = pick(operations);
    const kind = random();
    if (kind < 0.02)
      return { target, body: pick(['', '{', 'null', '[]', '"x"', '\u0000', '{"Entries":[{}]} x']) };
    if (kind < 0.03)
      return { target, body: `{"Entries":${'['.repeat(20_000)}${']'.repeat(20_000)}}` };
    // Every name is right for some operation, so an input holds several of its own.
    const names = Array.from({ length: 14 }, () => pick(fields));
    return {
      target,
      body: JSON.stringify(Object.fromEntries(names.map((name) => [name, value(0)]))),
    };
  };
}

const agent = new Agent({ keepAlive: true });
afterAll(() => agent.destroy());

/** Cheaper than `fetch`, which would take most of the time here. */
function answerOf(
  path: string,
  headers: Record<string, string>,
  body: string,
  method = 'POST',
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(`${bus.url}${path}`, { method, headers, agent }, async (response) => {
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      resolve({ status: response.statusCode ?? 0, text });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Asks so many at once that the bus is busy, and no more. */
async function inParallel(count: number, ask: () => Promise<void>): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (left-- > 0) await ask();
    }),
  );
}

test('2,500 malformed requests to every operation are each answered, none with a failure', async () => {
  const next = generator(1);
  const statuses = new Map<number, number>();
  const failed: string[] = [];
  await inParallel(2_500, async () => {
    const { target, body } = next();
    const { status, text } = await answerOf('/', { 'X-Amz-Target': target }, body);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status >= 500) failed.push(`${target} ${text}`);
  });
  expect(failed).toEqual([]);
  // They are not all refused at the door.
  expect(statuses.get(200)).toBeGreaterThan(15);
  expect(await bus.summary()).toMatchObject({ requests: 2_500 });
});

test.each([
  ['AWSEvents', 5_000],
  ['AmazonSQS', 2_500],
] as const)(
  'of %s, %i requests that are almost right are each answered, none with a failure',
  async (service, count) => {
    await bus.reset();
    const next = almostRightRequests(3, service, hostile);
    const statuses = new Map<number, number>();
    const failed: string[] = [];
    await inParallel(count, async () => {
      const { target, input } = next();
      const { status, text } = await answerOf(
        '/',
        { 'X-Amz-Target': target },
        JSON.stringify(input),
      );
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status >= 500) failed.push(`${target} ${JSON.stringify(input)} ${text}`);
    });
    expect(failed).toEqual([]);
    expect(statuses.get(200)).toBeGreaterThan(count / 5);
    expect(await bus.summary()).toMatchObject({ requests: count });
  },
);

test.each([
  [
    'an entry whose bus cannot become a text',
    '{"Entries":[{"EventBusName":{"toString":1,"valueOf":1}}]}',
  ],
  ['entries that are no list', '{"Entries":{"length":1}}'],
  ['an entry that is null', '{"Entries":[null]}'],
  ['a source that is a number', '{"Entries":[{"Source":1,"DetailType":"x","Detail":"{}"}]}'],
])('%s', async (_name, body) => {
  const headers = { 'X-Amz-Target': 'AWSEvents.PutEvents' };
  expect((await answerOf('/', headers, body)).status).toBe(400);
});

test('the control API answers malformed requests too', async () => {
  const next = generator(2);
  const paths = ['/_bus/explain', '/_bus/faults', '/_bus/operations/PutRule', '/_bus/operations/x'];
  let asked = 0;
  await inParallel(500, async () => {
    const path = paths[asked++ % paths.length] as string;
    const json = { 'Content-Type': 'application/json' };
    const method = path.endsWith('faults') ? 'PUT' : 'POST';
    expect((await answerOf(path, json, next().body, method)).status).toBeLessThan(500);
  });
  await bus.setFaults([]);
  expect((await bus.summary()).requests).toBeGreaterThan(0);
});
