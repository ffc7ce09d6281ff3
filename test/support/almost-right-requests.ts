import { seededRandom } from '../../packages/local/src/seeded-random.ts';

/** A request of the AWS JSON protocol. */
export interface JsonRequest {
  readonly target: string;
  readonly input: object;
}

const scope = 'us-east-1:000000000000';
const busArn = `arn:aws:events:${scope}:event-bus/default`;
const queueArn = (name: string) => `arn:aws:sqs:${scope}:${name}`;
const QueueUrl = 'http://127.0.0.1/000000000000/q';
const fifoUrl = 'http://127.0.0.1/000000000000/q.fifo';
const closedPort = 'http://127.0.0.1:9/';
const httpFields = (Key: string) => ({
  HeaderParameters: [{ Key, Value: 'v', IsValueSecret: false }],
  QueryStringParameters: [{ Key, Value: 'v' }],
  BodyParameters: [{ Key, Value: 'v' }],
});
const transformer = {
  InputPathsMap: { who: '$.detail.who', all: '$.detail' },
  InputTemplate: '{"who":<who>,"all":<all>,"rule":<aws.events.rule-name>}',
};

/** One input for each operation that is right, or was when nothing had been changed yet. */
const right: readonly (readonly [target: string, input: object])[] = [
  ['AmazonSQS.CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '1' } }],
  ['AmazonSQS.CreateQueue', { QueueName: 'q.fifo', Attributes: { FifoQueue: 'true' } }],
  ['AmazonSQS.GetQueueUrl', { QueueName: 'q' }],
  ['AmazonSQS.ListQueues', { QueueNamePrefix: 'q', MaxResults: 3 }],
  ['AmazonSQS.GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] }],
  [
    'AmazonSQS.SetQueueAttributes',
    {
      QueueUrl,
      Attributes: {
        RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('q'), maxReceiveCount: 2 }),
      },
    },
  ],
  [
    'AmazonSQS.SendMessage',
    {
      QueueUrl,
      MessageBody: 'x',
      DelaySeconds: 1,
      MessageAttributes: { a: { DataType: 'String', StringValue: 'x' } },
    },
  ],
  [
    'AmazonSQS.SendMessage',
    { QueueUrl: fifoUrl, MessageBody: 'x', MessageGroupId: 'g', MessageDeduplicationId: 'd' },
  ],
  ['AmazonSQS.SendMessageBatch', { QueueUrl, Entries: [{ Id: 'a', MessageBody: 'x' }] }],
  [
    'AmazonSQS.ReceiveMessage',
    { QueueUrl, MaxNumberOfMessages: 2, VisibilityTimeout: 0, MessageAttributeNames: ['All'] },
  ],
  ['AmazonSQS.DeleteMessage', { QueueUrl, ReceiptHandle: 'handle' }],
  ['AmazonSQS.ChangeMessageVisibility', { QueueUrl, ReceiptHandle: 'h', VisibilityTimeout: 1 }],
  [
    'AWSEvents.CreateEventBus',
    { Name: 'shop', Description: 'd', Tags: [{ Key: 'k', Value: 'v' }] },
  ],
  ['AWSEvents.DescribeEventBus', { Name: 'shop' }],
  ['AWSEvents.ListEventBuses', { NamePrefix: 's', Limit: 1 }],
  [
    'AWSEvents.PutPermission',
    { EventBusName: 'shop', Action: 'events:PutEvents', Principal: '*', StatementId: 's' },
  ],
  [
    'AWSEvents.PutPermission',
    {
      EventBusName: 'shop',
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 's',
            Effect: 'Allow',
            Principal: { AWS: 'arn:aws:iam::111122223333:root' },
            Action: 'events:PutEvents',
            Resource: busArn,
            Condition: { StringEquals: { 'events:source': 'com.acme' } },
          },
        ],
      }),
    },
  ],
  [
    'AWSEvents.PutRule',
    { Name: 'r', EventPattern: '{"source":[{"prefix":""}]}', State: 'ENABLED' },
  ],
  ['AWSEvents.PutRule', { Name: 'timed', ScheduleExpression: 'cron(0 12 ? * MON-FRI *)' }],
  ['AWSEvents.PutRule', { Name: 'r', EventBusName: 'shop', EventPattern: '{"source":["a"]}' }],
  [
    'AWSEvents.PutTargets',
    {
      Rule: 'r',
      Targets: [
        {
          Id: 'queue',
          Arn: queueArn('q'),
          InputTransformer: transformer,
          DeadLetterConfig: { Arn: queueArn('q.fifo') },
          RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
        },
        { Id: 'fifo', Arn: queueArn('q.fifo'), SqsParameters: { MessageGroupId: 'g' } },
        { Id: 'bus', Arn: busArn.replace('default', 'shop'), RoleArn: 'arn:aws:iam::0:role/r' },
        {
          Id: 'api',
          Arn: `arn:aws:events:${scope}:api-destination/api/00000000-0000-0000-0000-000000000000`,
          HttpParameters: {
            PathParameterValues: ['p'],
            HeaderParameters: { 'X-Y': 'v' },
            QueryStringParameters: { q: 'v' },
          },
          RetryPolicy: { MaximumRetryAttempts: 0 },
        },
        { Id: 'log', Arn: `arn:aws:logs:${scope}:log-group:/x`, InputPath: '$.detail' },
      ],
    },
  ],
  ['AWSEvents.ListRules', { NamePrefix: 'r', EventBusName: 'default', Limit: 1 }],
  ['AWSEvents.ListTargetsByRule', { Rule: 'r', Limit: 1 }],
  ['AWSEvents.ListRuleNamesByTarget', { TargetArn: queueArn('q') }],
  ['AWSEvents.DescribeRule', { Name: 'r' }],
  ['AWSEvents.EnableRule', { Name: 'r' }],
  [
    'AWSEvents.PutEvents',
    {
      Entries: [
        {
          Source: 'a',
          DetailType: 'b',
          Detail: '{"who":"x","n":1.10}',
          Resources: ['r'],
          Time: 1_700_000_000,
          TraceHeader: 'Root=1-00000000-000000000000000000000001',
        },
        { Source: 'a', DetailType: 'b', Detail: '{}', EventBusName: busArn },
      ],
    },
  ],
  [
    'AWSEvents.TestEventPattern',
    {
      EventPattern: '{"detail":{"n":[{"numeric":[">",1,"<=",3]}]},"$or":[{"a":["x"]},{"b":["y"]}]}',
      Event:
        '{"id":"1","account":"1","source":"s","time":"2026-01-01T00:00:00Z","region":"r","resources":[],"detail-type":"t","detail":{"n":2}}',
    },
  ],
  [
    'AWSEvents.CreateArchive',
    { ArchiveName: 'kept', EventSourceArn: busArn, EventPattern: '{"source":["a"]}' },
  ],
  ['AWSEvents.UpdateArchive', { ArchiveName: 'kept', RetentionDays: 3 }],
  ['AWSEvents.DescribeArchive', { ArchiveName: 'kept' }],
  ['AWSEvents.ListArchives', { NamePrefix: 'k', Limit: 1 }],
  [
    'AWSEvents.StartReplay',
    {
      ReplayName: 'again',
      EventSourceArn: `arn:aws:events:${scope}:archive/kept`,
      EventStartTime: 1_600_000_000,
      EventEndTime: 1_900_000_000,
      Destination: { Arn: busArn, FilterArns: [`arn:aws:events:${scope}:rule/r`] },
    },
  ],
  ['AWSEvents.DescribeReplay', { ReplayName: 'again' }],
  ['AWSEvents.ListReplays', { NamePrefix: 'a', State: 'COMPLETED' }],
  ['AWSEvents.CancelReplay', { ReplayName: 'again' }],
  [
    'AWSEvents.CreateConnection',
    {
      Name: 'oauth',
      AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
      AuthParameters: {
        OAuthParameters: {
          ClientParameters: { ClientID: 'id', ClientSecret: 'secret' },
          AuthorizationEndpoint: closedPort,
          HttpMethod: 'POST',
          OAuthHttpParameters: httpFields('X-O'),
        },
        InvocationHttpParameters: httpFields('X-I'),
      },
    },
  ],
  [
    'AWSEvents.CreateConnection',
    {
      Name: 'key',
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'X-K', ApiKeyValue: 'v' } },
    },
  ],
  [
    'AWSEvents.UpdateConnection',
    {
      Name: 'oauth',
      AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
      AuthParameters: {
        OAuthParameters: {
          ClientParameters: { ClientID: 'id', ClientSecret: 'secret' },
          AuthorizationEndpoint: closedPort,
          HttpMethod: 'GET',
        },
      },
    },
  ],
  [
    'AWSEvents.UpdateConnection',
    {
      Name: 'key',
      AuthorizationType: 'BASIC',
      AuthParameters: { BasicAuthParameters: { Username: 'u', Password: 'p' } },
    },
  ],
  ['AWSEvents.DescribeConnection', { Name: 'oauth' }],
  ['AWSEvents.ListConnections', { NamePrefix: 'o', Limit: 1 }],
  ['AWSEvents.DeauthorizeConnection', { Name: 'key' }],
  [
    'AWSEvents.CreateApiDestination',
    {
      Name: 'api',
      ConnectionArn: `arn:aws:events:${scope}:connection/key/00000000-0000-0000-0000-000000000000`,
      InvocationEndpoint: `${closedPort}*/x`,
      HttpMethod: 'POST',
      InvocationRateLimitPerSecond: 10,
    },
  ],
  ['AWSEvents.UpdateApiDestination', { Name: 'api', HttpMethod: 'GET' }],
  ['AWSEvents.DescribeApiDestination', { Name: 'api' }],
  ['AWSEvents.ListApiDestinations', { Limit: 1 }],
  ['AWSEvents.TagResource', { ResourceARN: busArn, Tags: [{ Key: 'k', Value: 'v' }] }],
  ['AWSEvents.ListTagsForResource', { ResourceARN: busArn }],
  ['AWSEvents.UntagResource', { ResourceARN: busArn, TagKeys: ['k'] }],
  ['AWSEvents.DisableRule', { Name: 'timed' }],
  ['AWSEvents.RemoveTargets', { Rule: 'r', Ids: ['none'] }],
  ['AWSEvents.RemovePermission', { EventBusName: 'shop', StatementId: 's' }],
  ['AWSEvents.DeleteRule', { Name: 'timed' }],
  ['AWSEvents.DeleteApiDestination', { Name: 'none' }],
  ['AWSEvents.DeleteConnection', { Name: 'none' }],
  ['AWSEvents.DeleteArchive', { ArchiveName: 'none' }],
  ['AWSEvents.DeleteEventBus', { Name: 'none' }],
  ['AmazonSQS.TagQueue', { QueueUrl, Tags: { k: 'v' } }],
  ['AmazonSQS.ListQueueTags', { QueueUrl }],
  ['AmazonSQS.UntagQueue', { QueueUrl, TagKeys: ['k'] }],
  [
    'AmazonSQS.AddPermission',
    { QueueUrl, Label: 'l', AWSAccountIds: ['111122223333'], Actions: ['SendMessage'] },
  ],
  ['AmazonSQS.RemovePermission', { QueueUrl, Label: 'l' }],
  ['AmazonSQS.ListDeadLetterSourceQueues', { QueueUrl, MaxResults: 1 }],
  [
    'AmazonSQS.StartMessageMoveTask',
    {
      SourceArn: queueArn('q'),
      DestinationArn: queueArn('q.fifo'),
      MaxNumberOfMessagesPerSecond: 1,
    },
  ],
  ['AmazonSQS.ListMessageMoveTasks', { SourceArn: queueArn('q'), MaxResults: 1 }],
  ['AmazonSQS.CancelMessageMoveTask', { TaskHandle: 'handle' }],
  [
    'AmazonSQS.ChangeMessageVisibilityBatch',
    { QueueUrl, Entries: [{ Id: 'a', ReceiptHandle: 'h', VisibilityTimeout: 1 }] },
  ],
  ['AmazonSQS.DeleteMessageBatch', { QueueUrl, Entries: [{ Id: 'a', ReceiptHandle: 'h' }] }],
];

/**
 * Requests that are right but for one or two values, in an endless row, and now and then one
 * that is right: what the first check refuses reaches nothing behind it.
 * @param service The prefix of the targets.
 * @param wrong Values to put in the place of right ones.
 */
export function almostRightRequests(
  seed: number,
  service: 'AWSEvents' | 'AmazonSQS',
  wrong: readonly unknown[],
): () => JsonRequest {
  const requests = right.filter(
    ([target]) => target.startsWith(service) || target === 'AmazonSQS.CreateQueue',
  );
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const texts = right.flatMap(([, input]) => textsOf(input));
  let count = 0;
  return () => {
    const [target, input] = requests[count++ % requests.length] as (typeof right)[number];
    const changed = structuredClone(input) as Owner;
    const round = Math.floor(count / requests.length);
    // The first round makes everything that later ones work on.
    const changes = round === 0 ? 0 : pick([0, 1, 1, 1, 2]);
    if (round > 0 && target.includes('.Create') && typeof changed.Name === 'string') {
      changed.Name += String(round);
    }
    for (let change = 0; change < changes; change += 1) {
      const places = placesOf(changed);
      if (places.length === 0) break;
      const { owner, key } = pick(places);
      const kind = random();
      if (kind < 0.15) delete owner[key];
      else if (kind < 0.3) owner[pick(['Extra', '__proto__', 'toString'])] = pick(wrong);
      else owner[key] = kind < 0.6 ? pick(texts) : pick(wrong);
    }
    return { target, input: changed };
  };
}

type Owner = Record<string, unknown>;

/** Every member of an object and of all that it holds. */
function placesOf(value: unknown): { readonly owner: Owner; readonly key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const owner = value as Owner;
  return Object.keys(owner).flatMap((key) => [{ owner, key }, ...placesOf(owner[key])]);
}

function textsOf(value: unknown): string[] {
  return placesOf(value).flatMap(({ owner, key }) =>
    typeof owner[key] === 'string' ? [owner[key]] : [],
  );
}
