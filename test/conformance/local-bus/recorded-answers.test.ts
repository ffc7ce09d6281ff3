import * as eb from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type LocalBus, manualClock, startLocalBus } from '@tidings/local';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { busClient } from '../../support/bus-client.ts';
import { eventually } from '../../support/eventually.ts';
import { refusal } from '../../support/refusal.ts';

// What AWS answered to these requests when it was asked. The values are its own; where it
// made up an id, any will do.

let bus: LocalBus;
let client: eb.EventBridgeClient;
const arn = (resource: string) => `arn:aws:events:eu-west-1:000000000000:${resource}`;
const pattern = JSON.stringify({ source: ['core.update-account-command'] });

beforeEach(async () => {
  bus = await startLocalBus();
  client = busClient(bus.url, { maxAttempts: 1 });
});
afterEach(async () => {
  client.destroy();
  await bus.stop();
});

const entry = (more: Partial<eb.PutEventsRequestEntry> = {}): eb.PutEventsRequestEntry => ({
  Source: 'core.update-account-command',
  DetailType: 'core.update-account-command',
  Detail: '{"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"}}',
  ...more,
});
const put = (...Entries: eb.PutEventsRequestEntry[]) =>
  client.send(new eb.PutEventsCommand({ Entries }));
const rule = (more: Partial<eb.PutRuleCommandInput>) =>
  client.send(new eb.PutRuleCommand({ Name: 'r', ...more }));
const createArchive = (ArchiveName: string, EventSourceArn: string) =>
  client.send(new eb.CreateArchiveCommand({ ArchiveName, EventSourceArn }));

describe('PutEvents', () => {
  test('an eleventh entry is refused with the whole list', async () => {
    const told =
      'PutEventsRequestEntry(time=null, source=core.update-account-command, resources=null, detailType=core.update-account-command, detail={"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"}}, eventBusName=mine, traceHeader=null, kmsKeyIdentifier=null, internalMetadata=null)';
    const entries = Array.from({ length: 11 }, () => entry({ EventBusName: 'mine' }));
    expect(await refusal(put(...entries))).toBe(
      `ValidationException: 1 validation error detected: Value '[${entries.map(() => told).join(', ')}]' at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10`,
    );
  });

  test.each([
    [{ TraceHeader: 'x'.repeat(501) }, 'traceHeader', 'length less than or equal to 500'],
    [{ TraceHeader: '' }, 'traceHeader', 'length greater than or equal to 1'],
    [{ Resources: ['x'.repeat(2049)] }, 'resources.1.member', 'length less than or equal to 2048'],
    [{ EventBusName: 'no such name!' }, 'eventBusName', 'regular expression pattern'],
    [{ EventBusName: 'x'.repeat(1601) }, 'eventBusName', 'length less than or equal to 1600'],
  ])('lengths and patterns of an entry, case %#', async (more, path, constraint) => {
    const message = await refusal(put(entry(), entry(more)));
    expect(message).toContain(`at 'entries.2.member.${path}' failed to satisfy constraint`);
    expect(message).toContain(constraint);
    expect(bus.events).toHaveLength(0);
  });
});

describe('schedules', () => {
  test.each([
    'rate(1 minute)',
    'rate(5 hours)',
    'cron(0 2 ? * SAT *)',
    'cron(5,35 14 * * ? *)',
    'cron(15 10 ? * 6L 2002-2005)',
    'cron(* * ? * SAT#3 *)',
    'cron(0/5 5 ? JAN 1-5 2022)',
    'cron(0/5 8-17 ? * MON-FRI *)',
    'cron(0 8 1 * ? *)',
    'cron(0 9 3W * ? *)',
  ])('%s is taken', async (ScheduleExpression) => {
    expect((await rule({ ScheduleExpression })).RuleArn).toBe(arn('rule/r'));
  });

  test.each([
    'rate(10 seconds)',
    'rate(1 minutes)',
    'rate(10 minute)',
    'rate(0 minutes)',
    'rate(10 MINUTES)',
    ' rate(10 minutes)',
    'cron(0 1 * * * *)',
    'cron(7 20 * * NOT *)',
    'cron(INVALID)',
    'cron(0 dummy ? * MON-FRI *)',
    'cron(71 8 1 * ? *)',
    'cron(0 8 ? * ? *)',
    'cron(0 24 * * ? *)',
    'cron(0/0 8 * * ? *)',
    'cron(0 8 * * ?)',
  ])('%s is refused', async (ScheduleExpression) => {
    expect(await refusal(rule({ ScheduleExpression }))).toBe(
      'ValidationException: Parameter ScheduleExpression is not valid.',
    );
  });
});

describe('event buses and archives', () => {
  test('a bus with rules is not deleted', async () => {
    await client.send(new eb.CreateEventBusCommand({ Name: 'orders' }));
    await rule({ EventBusName: 'orders', EventPattern: pattern });
    const remove = () => client.send(new eb.DeleteEventBusCommand({ Name: 'orders' }));
    expect(await refusal(remove())).toBe(
      "ValidationException: Event bus can't be deleted since it has rules.",
    );
    await client.send(new eb.DeleteRuleCommand({ Name: 'r', EventBusName: 'orders' }));
    await remove();
  });

  test('an archive has a managed rule, which changes and goes with it', async () => {
    await createArchive('kept', arn('event-bus/default'));
    const rules = async () => (await client.send(new eb.ListRulesCommand({}))).Rules;
    expect(await rules()).toEqual([
      {
        Name: 'Events-Archive-kept',
        Arn: arn('rule/Events-Archive-kept'),
        EventBusName: 'default',
        EventPattern: '{"replay-name":[{"exists":false}]}',
        State: 'ENABLED',
        ManagedBy: 'prod.vhs.events.aws.internal',
      },
    ]);
    const Name = 'Events-Archive-kept';
    for (const change of [
      client.send(new eb.DeleteRuleCommand({ Name })),
      client.send(new eb.DisableRuleCommand({ Name })),
      rule({ Name, EventPattern: pattern }),
      client.send(new eb.RemoveTargetsCommand({ Rule: Name, Ids: [Name] })),
    ]) {
      expect(await refusal(change)).toContain('ManagedRuleException');
    }
    await client.send(new eb.UpdateArchiveCommand({ ArchiveName: 'kept', EventPattern: pattern }));
    expect((await rules())?.[0]?.EventPattern).toBe(
      '{"source":["core.update-account-command"],"replay-name":[{"exists":false}]}',
    );
    await put(entry());
    expect(bus.deliveries).toEqual([]);
    await client.send(new eb.DeleteArchiveCommand({ ArchiveName: 'kept' }));
    expect(await rules()).toEqual([]);
  });

  test('an archive is not updated with nothing, whether or not it exists', async () => {
    const update = client.send(new eb.UpdateArchiveCommand({ ArchiveName: 'none' }));
    expect(await refusal(update)).toBe(
      'ValidationException: At least one of EventPattern, RetentionDays or Description must be provided.',
    );
  });

  test('ten events of the recording are 1,590 bytes', async () => {
    await createArchive('kept', arn('event-bus/default'));
    await put(...Array.from({ length: 10 }, () => entry()));
    expect(await client.send(new eb.DescribeArchiveCommand({ ArchiveName: 'kept' }))).toMatchObject(
      { EventCount: 10, SizeBytes: 1590 },
    );
  });
});

describe('StartReplay', () => {
  const start = (ReplayName: string, more: Partial<eb.StartReplayCommandInput> = {}) =>
    client.send(
      new eb.StartReplayCommand({
        ReplayName,
        EventSourceArn: arn('archive/kept'),
        EventStartTime: new Date(1_700_000_000_000),
        EventEndTime: new Date(1_700_000_060_000),
        Destination: { Arn: arn('event-bus/default') },
        ...more,
      }),
    );
  const toBus = (name: string) => ({ Destination: { Arn: arn(`event-bus/${name}`) } });

  test('what it refuses, and what it looks at first', async () => {
    await createArchive('kept', arn('event-bus/default'));
    await client.send(new eb.CreateEventBusCommand({ Name: 'other' }));
    const backwards = { EventEndTime: new Date(1_700_000_000_000) };
    const archive = { EventSourceArn: arn('archive/none') };
    expect(await refusal(start('a', { ...archive, ...backwards }))).toBe(
      'ValidationException: Parameter EventSourceArn is not valid. Reason: Archive none does not exist.',
    );
    expect(await refusal(start('a', { ...toBus('none'), ...backwards }))).toBe(
      'ResourceNotFoundException: Event bus none does not exist.',
    );
    expect(await refusal(start('a', { ...toBus('other'), ...backwards }))).toBe(
      'ValidationException: Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.',
    );
    expect(await refusal(start('a', toBus('other')))).toBe(
      'ValidationException: Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.',
    );
    await start('a');
    expect(await refusal(start('a'))).toBe(
      'ResourceAlreadyExistsException: Replay a already exists.',
    );
  });

  test('an eleventh replay at a time is refused', async () => {
    await bus.stop();
    // Nothing that began ends while the clock stands still.
    const clock = manualClock();
    bus = await startLocalBus({ clock });
    client.destroy();
    client = busClient(bus.url, { maxAttempts: 1 });
    await createArchive('kept', arn('event-bus/default'));
    for (let n = 0; n < 10; n += 1) await start(`r${n}`);
    expect(await refusal(start('r10'))).toBe(
      'LimitExceededException: The requested resource exceeds the maximum number allowed.',
    );
    await clock.advance(1_000);
    await start('r10');
  });
});

describe('connections and API destinations', () => {
  const connect = (AuthorizationEndpoint: string, HttpMethod = 'POST') =>
    client.send(
      new eb.CreateConnectionCommand({
        Name: 'c',
        AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
        AuthParameters: {
          OAuthParameters: {
            ClientParameters: { ClientID: 'id', ClientSecret: 'secret' },
            AuthorizationEndpoint,
            HttpMethod: HttpMethod as eb.ConnectionOAuthHttpMethod,
          },
        },
      }),
    );
  const state = async () =>
    (await client.send(new eb.DescribeConnectionCommand({ Name: 'c' }))).ConnectionState;

  test('an OAuth connection is AUTHORIZING, and its destinations INACTIVE, until it has a token', async () => {
    const made = await connect('http://127.0.0.1:9/token', 'post');
    expect(made.ConnectionState).toBe('AUTHORIZING');
    expect(await state()).toBe('AUTHORIZING');
    const described = await client.send(new eb.DescribeConnectionCommand({ Name: 'c' }));
    expect(described.AuthParameters?.OAuthParameters?.HttpMethod).toBe('POST');
    const destination = await client.send(
      new eb.CreateApiDestinationCommand({
        Name: 'd',
        ConnectionArn: made.ConnectionArn,
        InvocationEndpoint: 'https://example.com/api',
        HttpMethod: 'POST',
      }),
    );
    expect(destination.ApiDestinationState).toBe('INACTIVE');
    // Nothing listens there.
    await eventually(state).toBe('DEAUTHORIZED');
  });

  test('an authorization endpoint that is no URL is taken, and never authorizes', async () => {
    expect((await connect('replace_this')).ConnectionState).toBe('AUTHORIZING');
    await eventually(state).toBe('DEAUTHORIZED');
  });

  test('what is wrong with a destination is told at once', async () => {
    expect(
      await refusal(
        client.send(
          new eb.CreateApiDestinationCommand({
            Name: 'd',
            ConnectionArn: 'invalid-connection-arn',
            InvocationEndpoint: 'invalid-endpoint',
            HttpMethod: 'INVALID_METHOD' as eb.ApiDestinationHttpMethod,
          }),
        ),
      ),
    ).toBe(
      "ValidationException: 2 validation errors detected: Value 'invalid-connection-arn' at 'connectionArn' failed to satisfy constraint: Member must satisfy regular expression pattern: ^arn:aws([a-z]|\\-)*:events:([a-z]|\\d|\\-)*:([0-9]{12})?:connection\\/[\\.\\-_A-Za-z0-9]+\\/[\\-A-Za-z0-9]+$; Value 'INVALID_METHOD' at 'httpMethod' failed to satisfy constraint: Member must satisfy enum value set: [HEAD, POST, PATCH, DELETE, PUT, GET, OPTIONS]",
    );
  });
});

test('a message has no Attributes where none was asked for', async () => {
  const sqs = new SQSClient({
    endpoint: bus.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  await rule({ EventPattern: pattern });
  await client.send(
    new eb.PutTargetsCommand({ Rule: 'r', Targets: [{ Id: 't', Arn: Attributes?.QueueArn }] }),
  );
  await put(entry());
  await bus.settled();
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  expect(Object.keys(Messages?.[0] ?? {}).sort()).toEqual(
    ['Body', 'MD5OfBody', 'MessageId', 'ReceiptHandle'].sort(),
  );
  sqs.destroy();
});

test('the trace header reaches a function, through a second bus too', async () => {
  const seen: (string | undefined)[] = [];
  const lambda = 'arn:aws:lambda:eu-west-1:000000000000:function:f';
  bus.handle(lambda, (_payload, { traceHeader }) => seen.push(traceHeader));
  await client.send(new eb.CreateEventBusCommand({ Name: 'second' }));
  const RoleArn = 'arn:aws:iam::000000000000:role/forward';
  await rule({ EventPattern: pattern });
  const forward = { Id: 'bus', Arn: arn('event-bus/second'), RoleArn };
  const Targets = [{ Id: 'f', Arn: lambda }, forward];
  await client.send(new eb.PutTargetsCommand({ Rule: 'r', Targets }));
  await rule({ Name: 's', EventBusName: 'second', EventPattern: pattern });
  await client.send(
    new eb.PutTargetsCommand({
      Rule: 's',
      EventBusName: 'second',
      Targets: [{ Id: 'f', Arn: lambda }],
    }),
  );
  const ofRequest = 'Root=1-67f4141f-e1cd7672871da115129f8b19;Parent=d0ee9531727135a0;Sampled=1';
  client.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers['X-Amzn-Trace-Id'] = ofRequest;
      return next(args);
    },
    { step: 'build' },
  );
  await put(entry());
  await eventually(() => seen).toEqual([ofRequest, ofRequest]);
  await put(entry({ TraceHeader: 'Root=1-00000000-000000000000000000000001' }));
  await eventually(() => seen.slice(2)).toEqual([
    'Root=1-00000000-000000000000000000000001',
    'Root=1-00000000-000000000000000000000001',
  ]);
});
