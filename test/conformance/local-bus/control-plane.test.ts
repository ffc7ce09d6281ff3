import * as eb from '@aws-sdk/client-eventbridge';
import { type LocalBus, startLocalBus } from '@tidings/local';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { busClient } from '../../support/bus-client.ts';
import { eventually } from '../../support/eventually.ts';
import { refusal } from '../../support/refusal.ts';

let bus: LocalBus;
let client: eb.EventBridgeClient;
const account = '000000000000';
const arn = (resource: string) => `arn:aws:events:eu-west-1:${account}:${resource}`;

beforeEach(async () => {
  bus = await startLocalBus();
  client = busClient(bus.url, { maxAttempts: 1 });
});
afterEach(async () => {
  client.destroy();
  await bus.stop();
});

const pattern = JSON.stringify({ source: ['com.acme.orders'] });
const createBus = (Name: string) => client.send(new eb.CreateEventBusCommand({ Name }));
const putRule = (Name: string, more: Partial<eb.PutRuleCommandInput> = {}) =>
  client.send(new eb.PutRuleCommand({ Name, EventPattern: pattern, ...more }));

/** Reads a list page by page, two items each. */
async function pages<T>(
  read: (NextToken: string | undefined) => Promise<{ items: T[]; NextToken?: string | undefined }>,
): Promise<T[][]> {
  const all: T[][] = [];
  let token: string | undefined;
  do {
    const { items, NextToken } = await read(token);
    all.push(items);
    token = NextToken;
  } while (token !== undefined);
  return all;
}

describe('event buses', () => {
  test('create, describe, update, delete', async () => {
    const made = await client.send(
      new eb.CreateEventBusCommand({
        Name: 'orders',
        Description: 'Orders',
        DeadLetterConfig: { Arn: 'arn:aws:sqs:eu-west-1:000000000000:dlq' },
        LogConfig: { IncludeDetail: 'FULL', Level: 'INFO' },
        Tags: [{ Key: 'team', Value: 'orders' }],
      }),
    );
    expect(made.EventBusArn).toBe(arn('event-bus/orders'));
    const described = await client.send(new eb.DescribeEventBusCommand({ Name: 'orders' }));
    expect(described).toMatchObject({
      Name: 'orders',
      Arn: arn('event-bus/orders'),
      Description: 'Orders',
      DeadLetterConfig: { Arn: 'arn:aws:sqs:eu-west-1:000000000000:dlq' },
      LogConfig: { IncludeDetail: 'FULL', Level: 'INFO' },
      CreationTime: expect.any(Date),
    });
    expect(
      await client.send(
        new eb.UpdateEventBusCommand({ Name: 'orders', Description: 'All orders' }),
      ),
    ).toMatchObject({ Arn: made.EventBusArn, Description: 'All orders' });
    expect(
      await client.send(new eb.DescribeEventBusCommand({ Name: made.EventBusArn })),
    ).toMatchObject({ Name: 'orders', Description: 'All orders' });
    await client.send(new eb.DeleteEventBusCommand({ Name: 'orders' }));
    expect(await refusal(client.send(new eb.DescribeEventBusCommand({ Name: 'orders' })))).toBe(
      'ResourceNotFoundException: Event bus orders does not exist.',
    );
    await client.send(new eb.DeleteEventBusCommand({ Name: 'orders' }));
  });

  test('list by prefix, in pages', async () => {
    for (const name of ['b1', 'b2', 'b3', 'b4', 'b5', 'other']) await createBus(name);
    expect(
      await pages(async (NextToken) => {
        const page = await client.send(
          new eb.ListEventBusesCommand({ NamePrefix: 'b', Limit: 2, NextToken }),
        );
        return { items: (page.EventBuses ?? []).map((one) => one.Name), ...page };
      }),
    ).toEqual([['b1', 'b2'], ['b3', 'b4'], ['b5']]);
    const all = await client.send(new eb.ListEventBusesCommand({}));
    expect(all.EventBuses?.map((one) => one.Name)).toContain('default');
    expect(all.NextToken).toBeUndefined();
  });

  test('what the service refuses', async () => {
    await createBus('orders');
    expect(await refusal(createBus('orders'))).toBe(
      'ResourceAlreadyExistsException: Event bus orders already exists.',
    );
    expect(await refusal(client.send(new eb.DeleteEventBusCommand({ Name: 'default' })))).toBe(
      'ValidationException: Cannot delete event bus default.',
    );
    expect(await refusal(createBus('no spaces'))).toBe(
      "ValidationException: 1 validation error detected: Value 'no spaces' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [/\\.\\-_A-Za-z0-9]+",
    );
    expect(await refusal(client.send(new eb.UpdateEventBusCommand({ Name: 'none' })))).toBe(
      'ResourceNotFoundException: Event bus none does not exist.',
    );
    expect(
      await refusal(client.send(new eb.ListEventBusesCommand({ NextToken: 'nonsense' }))),
    ).toBe('ValidationException: Parameter NextToken is not valid.');
    for (let n = 2; n < 100; n += 1) await createBus(`bus-${n}`);
    expect(await refusal(createBus('one-more'))).toContain('LimitExceededException');
  });
});

describe('permissions', () => {
  const put = (input: Partial<eb.PutPermissionCommandInput>) =>
    client.send(new eb.PutPermissionCommand(input));
  const policy = async () =>
    JSON.parse((await client.send(new eb.DescribeEventBusCommand({}))).Policy ?? 'null');

  test('put, remove one, remove all', async () => {
    await put({ Action: 'events:PutEvents', Principal: '111122223333', StatementId: 'one' });
    await put({
      Action: 'events:PutEvents',
      Principal: '*',
      StatementId: 'org',
      Condition: { Type: 'StringEquals', Key: 'aws:PrincipalOrgID', Value: 'o-1' },
    });
    expect(await policy()).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'one',
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::111122223333:root' },
          Action: 'events:PutEvents',
          Resource: arn('event-bus/default'),
        },
        {
          Sid: 'org',
          Effect: 'Allow',
          Principal: '*',
          Action: 'events:PutEvents',
          Resource: arn('event-bus/default'),
          Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } },
        },
      ],
    });
    await client.send(new eb.RemovePermissionCommand({ StatementId: 'one' }));
    expect((await policy()).Statement).toHaveLength(1);
    await client.send(new eb.RemovePermissionCommand({ RemoveAllPermissions: true }));
    expect(await policy()).toBeNull();
  });

  test('what the service refuses', async () => {
    expect(
      await refusal(client.send(new eb.RemovePermissionCommand({ StatementId: 'none' }))),
    ).toBe('ResourceNotFoundException: Statement with the provided id does not exist.');
    expect(await refusal(put({ EventBusName: 'none', Policy: '{}' }))).toBe(
      'ResourceNotFoundException: Event bus none does not exist.',
    );
    expect(await refusal(put({ Policy: '{' }))).toContain('ValidationException');
    expect(await refusal(put({ Principal: '*' }))).toContain('ValidationException');
    const Sid = 'x'.repeat(10_240);
    expect(
      await refusal(put({ Policy: JSON.stringify({ Statement: [{ Sid, Effect: 'Allow' }] }) })),
    ).toContain('PolicyLengthExceededException');
    expect(await policy()).toBeNull();
  });
});

describe('rules', () => {
  test('put, describe, disable, enable, delete', async () => {
    await createBus('orders');
    const made = await putRule('big', {
      EventBusName: 'orders',
      Description: 'Big ones',
      State: 'DISABLED',
      RoleArn: 'arn:aws:iam::000000000000:role/r',
    });
    expect(made.RuleArn).toBe(arn('rule/orders/big'));
    expect((await putRule('plain')).RuleArn).toBe(arn('rule/plain'));
    const describe = () =>
      client.send(new eb.DescribeRuleCommand({ Name: 'big', EventBusName: 'orders' }));
    expect(await describe()).toMatchObject({
      Name: 'big',
      Arn: made.RuleArn,
      EventPattern: pattern,
      State: 'DISABLED',
      Description: 'Big ones',
      EventBusName: 'orders',
      CreatedBy: account,
    });
    await client.send(new eb.EnableRuleCommand({ Name: 'big', EventBusName: 'orders' }));
    expect((await describe()).State).toBe('ENABLED');
    await client.send(new eb.DisableRuleCommand({ Name: 'big', EventBusName: 'orders' }));
    expect((await describe()).State).toBe('DISABLED');
    await client.send(new eb.DeleteRuleCommand({ Name: 'big', EventBusName: 'orders' }));
    expect(await refusal(describe())).toBe(
      'ResourceNotFoundException: Rule big does not exist on EventBus orders.',
    );
    await client.send(new eb.DeleteRuleCommand({ Name: 'big', EventBusName: 'orders' }));
  });

  test('list by prefix, in pages', async () => {
    for (const name of ['r1', 'r2', 'r3', 'other']) await putRule(name);
    expect(
      await pages(async (NextToken) => {
        const page = await client.send(
          new eb.ListRulesCommand({ NamePrefix: 'r', Limit: 2, NextToken }),
        );
        return { items: (page.Rules ?? []).map((one) => one.Name), ...page };
      }),
    ).toEqual([['r1', 'r2'], ['r3']]);
  });

  test('what the service refuses', async () => {
    await createBus('orders');
    expect(await refusal(putRule('r', { EventBusName: 'none' }))).toBe(
      'ResourceNotFoundException: Event bus none does not exist.',
    );
    expect(await refusal(putRule('r', { EventPattern: undefined }))).toBe(
      'ValidationException: Parameter(s) EventPattern or ScheduleExpression must be specified.',
    );
    expect(await refusal(putRule('r', { EventPattern: '{"source":[]}' }))).toMatch(
      /^InvalidEventPatternException: Event pattern is not valid\. Reason: Empty arrays are not allowed/,
    );
    expect(
      await refusal(putRule('r', { ScheduleExpression: 'rate(1 minute)', EventBusName: 'orders' })),
    ).toBe('ValidationException: ScheduleExpression is supported only on the default event bus.');
    expect(await refusal(putRule('r', { ScheduleExpression: 'rate(1 minutes)' }))).toBe(
      'ValidationException: Parameter ScheduleExpression is not valid.',
    );
    await putRule('r', { ScheduleExpression: 'rate(5 minutes)' });
    expect(await refusal(client.send(new eb.EnableRuleCommand({ Name: 'none' })))).toBe(
      'ResourceNotFoundException: Rule none does not exist on EventBus default.',
    );
    for (let n = 1; n < 300; n += 1) await putRule(`rule-${n}`);
    expect(await refusal(putRule('one-more'))).toContain('LimitExceededException');
  });
});

describe('targets', () => {
  const queue = 'arn:aws:sqs:eu-west-1:000000000000:q';
  const put = (...Targets: eb.Target[]) =>
    client.send(new eb.PutTargetsCommand({ Rule: 'r', Targets }));
  beforeEach(() => putRule('r'));

  test('put, list, find rules by target, remove', async () => {
    const target: eb.Target = {
      Id: 't1',
      Arn: queue,
      InputTransformer: { InputPathsMap: { a: '$.detail.a' }, InputTemplate: '"<a>"' },
      RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 60 },
      DeadLetterConfig: { Arn: `${queue}-dlq` },
    };
    expect(await put(target, { Id: 't2', Arn: queue }, { Id: 't3', Arn: queue })).toMatchObject({
      FailedEntryCount: 0,
      FailedEntries: [],
    });
    await putRule('s');
    await client.send(new eb.PutTargetsCommand({ Rule: 's', Targets: [{ Id: 'x', Arn: queue }] }));
    const listed = await pages(async (NextToken) => {
      const page = await client.send(
        new eb.ListTargetsByRuleCommand({ Rule: 'r', Limit: 2, NextToken }),
      );
      return { items: page.Targets ?? [], ...page };
    });
    expect(listed[0]?.[0]).toEqual(target);
    expect(listed.map((page) => page.map((one) => one.Id))).toEqual([['t1', 't2'], ['t3']]);
    expect(
      await pages(async (NextToken) => {
        const page = await client.send(
          new eb.ListRuleNamesByTargetCommand({ TargetArn: queue, Limit: 1, NextToken }),
        );
        return { items: page.RuleNames ?? [], ...page };
      }),
    ).toEqual([['r'], ['s']]);
    expect(
      await client.send(new eb.RemoveTargetsCommand({ Rule: 'r', Ids: ['t1', 't2', 'none'] })),
    ).toMatchObject({
      FailedEntryCount: 1,
      FailedEntries: [{ TargetId: 'none', ErrorCode: 'ResourceNotFoundException' }],
    });
    expect(await refusal(client.send(new eb.DeleteRuleCommand({ Name: 'r' })))).toBe(
      "ValidationException: Rule can't be deleted since it has targets.",
    );
    await client.send(new eb.RemoveTargetsCommand({ Rule: 'r', Ids: ['t3'] }));
    await client.send(new eb.DeleteRuleCommand({ Name: 'r' }));
  });

  test('what the service refuses', async () => {
    expect(
      await refusal(
        client.send(new eb.PutTargetsCommand({ Rule: 'none', Targets: [{ Id: 't', Arn: queue }] })),
      ),
    ).toBe('ResourceNotFoundException: Rule none does not exist on EventBus default.');
    expect(await refusal(put({ Id: 'bad id', Arn: queue }))).toBe(
      "ValidationException: 1 validation error detected: Value 'bad id' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
    );
    expect(await refusal(put({ Id: 't', Arn: 'queue' }))).toBe(
      'ValidationException: Parameter queue is not valid. Reason: Provided Arn is not in correct format.',
    );
    expect(await refusal(put({ Id: 't', Arn: queue, Input: '{}', InputPath: '$' }))).toBe(
      'ValidationException: Only one of Input, InputPath, or InputTransformer must be provided for target t.',
    );
    expect(
      await refusal(put({ Id: 't', Arn: queue, InputTransformer: { InputTemplate: '"<what>"' } })),
    ).toBe('ValidationException: InputTemplate for target t contains invalid placeholder what.');
    expect(await refusal(put({ Id: 't', Arn: `${queue}.fifo` }))).toContain('SqsParameters');
    expect(await refusal(put({ Id: 't', Arn: arn('event-bus/default') }))).toContain('RoleArn');
    expect(
      await refusal(put({ Id: 't', Arn: queue, RetryPolicy: { MaximumRetryAttempts: 186 } })),
    ).toContain('Member must have value less than or equal to 185');
    await put(...[1, 2, 3, 4, 5].map((n) => ({ Id: `t${n}`, Arn: queue })));
    await put({ Id: 't1', Arn: queue });
    expect(await refusal(put({ Id: 't6', Arn: queue }))).toContain('LimitExceededException');
  });
});

describe('TestEventPattern', () => {
  const run = (Event: unknown, EventPattern = pattern) =>
    client.send(
      new eb.TestEventPatternCommand({
        EventPattern,
        Event: typeof Event === 'string' ? Event : JSON.stringify(Event),
      }),
    );
  const event = {
    id: '1',
    account,
    source: 'com.acme.orders',
    time: '2026-01-01T00:00:00Z',
    region: 'eu-west-1',
    'detail-type': 'OrderPlaced',
    resources: [],
    detail: {},
  };
  test('says whether it matches', async () => {
    expect((await run(event)).Result).toBe(true);
    expect((await run({ ...event, source: 'com.acme.pay' })).Result).toBe(false);
  });
  test('what the service refuses', async () => {
    for (const bad of ['{', '[]', { source: 'com.acme.orders' }]) {
      expect(await refusal(run(bad))).toBe('ValidationException: Parameter Event is not valid.');
    }
    expect(await refusal(run(event, '{"source":"x"}'))).toContain('InvalidEventPatternException');
  });
});

describe('archives', () => {
  const create = (ArchiveName: string, more: Partial<eb.CreateArchiveCommandInput> = {}) =>
    client.send(
      new eb.CreateArchiveCommand({
        ArchiveName,
        EventSourceArn: arn('event-bus/default'),
        ...more,
      }),
    );
  test('create, describe, list, update, delete', async () => {
    expect(
      await create('a1', { Description: 'd', EventPattern: pattern, RetentionDays: 7 }),
    ).toMatchObject({
      ArchiveArn: arn('archive/a1'),
      State: 'ENABLED',
      CreationTime: expect.any(Date),
    });
    await create('a2');
    await create('a3');
    const describe = (ArchiveName: string) =>
      client.send(new eb.DescribeArchiveCommand({ ArchiveName }));
    expect(await describe('a1')).toMatchObject({
      ArchiveName: 'a1',
      EventSourceArn: arn('event-bus/default'),
      EventPattern: pattern,
      RetentionDays: 7,
      EventCount: 0,
      SizeBytes: 0,
    });
    await client.send(
      new eb.UpdateArchiveCommand({ ArchiveName: 'a1', RetentionDays: 3, Description: 'e' }),
    );
    expect(await describe('a1')).toMatchObject({ RetentionDays: 3, Description: 'e' });
    expect(
      await pages(async (NextToken) => {
        const page = await client.send(
          new eb.ListArchivesCommand({
            EventSourceArn: arn('event-bus/default'),
            Limit: 2,
            NextToken,
          }),
        );
        return { items: (page.Archives ?? []).map((one) => one.ArchiveName), ...page };
      }),
    ).toEqual([['a1', 'a2'], ['a3']]);
    await client.send(new eb.DeleteArchiveCommand({ ArchiveName: 'a1' }));
    expect(await refusal(describe('a1'))).toBe(
      'ResourceNotFoundException: Archive a1 does not exist.',
    );
  });
  test('what the service refuses', async () => {
    await create('a1');
    expect(await refusal(create('a1'))).toBe(
      'ResourceAlreadyExistsException: Archive a1 already exists.',
    );
    expect(await refusal(create('a2', { EventSourceArn: arn('event-bus/none') }))).toBe(
      'ResourceNotFoundException: Event bus none does not exist.',
    );
    expect(await refusal(create('a2', { EventPattern: '{}' }))).toContain(
      'InvalidEventPatternException',
    );
    expect(await refusal(create('x'.repeat(49)))).toContain('less than or equal to 48');
    for (const command of [
      new eb.DeleteArchiveCommand({ ArchiveName: 'none' }),
      new eb.UpdateArchiveCommand({ ArchiveName: 'none', RetentionDays: 1 }),
    ]) {
      expect(await refusal(client.send(command as eb.DeleteArchiveCommand))).toBe(
        'ResourceNotFoundException: Archive none does not exist.',
      );
    }
  });
});

describe('replays', () => {
  const start = (ReplayName: string, more: Partial<eb.StartReplayCommandInput> = {}) =>
    client.send(
      new eb.StartReplayCommand({
        ReplayName,
        EventSourceArn: arn('archive/a'),
        EventStartTime: new Date(Date.now() - 60_000),
        EventEndTime: new Date(Date.now() + 60_000),
        Destination: { Arn: arn('event-bus/default') },
        ...more,
      }),
    );
  beforeEach(() =>
    client.send(
      new eb.CreateArchiveCommand({
        ArchiveName: 'a',
        EventSourceArn: arn('event-bus/default'),
      }),
    ),
  );
  test('start, describe, list', async () => {
    for (const name of ['r1', 'r2', 'r3']) {
      expect(await start(name)).toMatchObject({
        ReplayArn: arn(`replay/${name}`),
        State: 'STARTING',
        ReplayStartTime: expect.any(Date),
      });
    }
    await eventually(
      async () => (await client.send(new eb.DescribeReplayCommand({ ReplayName: 'r3' }))).State,
    ).toBe('COMPLETED');
    expect(await client.send(new eb.DescribeReplayCommand({ ReplayName: 'r1' }))).toMatchObject({
      EventSourceArn: arn('archive/a'),
      Destination: { Arn: arn('event-bus/default') },
      ReplayEndTime: expect.any(Date),
    });
    expect(
      await pages(async (NextToken) => {
        const page = await client.send(
          new eb.ListReplaysCommand({ State: 'COMPLETED', Limit: 2, NextToken }),
        );
        return { items: (page.Replays ?? []).map((one) => one.ReplayName), ...page };
      }),
    ).toEqual([['r1', 'r2'], ['r3']]);
    expect(await refusal(client.send(new eb.CancelReplayCommand({ ReplayName: 'r1' })))).toContain(
      'IllegalStatusException',
    );
  });
  test('what the service refuses', async () => {
    await start('r1');
    expect(await refusal(start('r1'))).toBe(
      'ResourceAlreadyExistsException: Replay r1 already exists.',
    );
    expect(await refusal(start('r2', { EventSourceArn: arn('archive/none') }))).toBe(
      'ValidationException: Parameter EventSourceArn is not valid. Reason: Archive none does not exist.',
    );
    expect(await refusal(start('r2', { Destination: { Arn: arn('event-bus/other') } }))).toBe(
      'ResourceNotFoundException: Event bus other does not exist.',
    );
    expect(await refusal(start('r2', { EventEndTime: new Date(0) }))).toBe(
      'ValidationException: Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.',
    );
    for (const command of [
      new eb.DescribeReplayCommand({ ReplayName: 'none' }),
      new eb.CancelReplayCommand({ ReplayName: 'none' }),
    ]) {
      expect(await refusal(client.send(command as eb.DescribeReplayCommand))).toBe(
        'ResourceNotFoundException: Replay none does not exist.',
      );
    }
  });
});

describe('connections and API destinations', () => {
  const connect = (Name: string, more: Partial<eb.CreateConnectionCommandInput> = {}) =>
    client.send(
      new eb.CreateConnectionCommand({
        Name,
        AuthorizationType: 'API_KEY',
        AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'secret' } },
        ...more,
      }),
    );
  const describe_ = (Name: string) => client.send(new eb.DescribeConnectionCommand({ Name }));

  test('a connection: create, describe without secrets, update, deauthorize, list, delete', async () => {
    const made = await connect('c1');
    expect(made.ConnectionArn).toMatch(
      /^arn:aws:events:eu-west-1:000000000000:connection\/c1\/[0-9a-f-]{36}$/,
    );
    expect(await describe_('c1')).toMatchObject({
      Name: 'c1',
      ConnectionState: 'AUTHORIZED',
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-key' } },
      SecretArn: expect.stringContaining('secretsmanager'),
    });
    expect(JSON.stringify(await describe_('c1'))).not.toContain('"secret"');
    await client.send(
      new eb.UpdateConnectionCommand({
        Name: 'c1',
        AuthorizationType: 'BASIC',
        AuthParameters: { BasicAuthParameters: { Username: 'u', Password: 'p' } },
      }),
    );
    expect((await describe_('c1')).AuthParameters).toEqual({
      BasicAuthParameters: { Username: 'u' },
    });
    expect(
      (await client.send(new eb.DeauthorizeConnectionCommand({ Name: 'c1' }))).ConnectionState,
    ).toBe('DEAUTHORIZING');
    expect((await describe_('c1')).ConnectionState).toBe('DEAUTHORIZED');
    await connect('c2');
    await connect('c3');
    expect(
      await pages(async (NextToken) => {
        const page = await client.send(
          new eb.ListConnectionsCommand({ NamePrefix: 'c', Limit: 2, NextToken }),
        );
        return { items: (page.Connections ?? []).map((one) => one.Name), ...page };
      }),
    ).toEqual([['c1', 'c2'], ['c3']]);
    expect(
      (await client.send(new eb.DeleteConnectionCommand({ Name: 'c1' }))).ConnectionState,
    ).toBe('DELETING');
    expect(await refusal(describe_('c1'))).toBe(
      "ResourceNotFoundException: Failed to describe the connection(s). Connection 'c1' does not exist.",
    );
  });

  test('an API destination: create, describe, update, list, delete', async () => {
    const { ConnectionArn } = await connect('c');
    const create = (Name: string) =>
      client.send(
        new eb.CreateApiDestinationCommand({
          Name,
          ConnectionArn,
          InvocationEndpoint: 'https://example.com/orders',
          HttpMethod: 'POST',
        }),
      );
    expect((await create('d1')).ApiDestinationArn).toMatch(/:api-destination\/d1\/[0-9a-f-]{36}$/);
    await create('d2');
    await create('d3');
    await client.send(
      new eb.UpdateApiDestinationCommand({
        Name: 'd1',
        HttpMethod: 'PUT',
        InvocationRateLimitPerSecond: 5,
      }),
    );
    expect(await client.send(new eb.DescribeApiDestinationCommand({ Name: 'd1' }))).toMatchObject({
      ApiDestinationState: 'ACTIVE',
      ConnectionArn,
      HttpMethod: 'PUT',
      InvocationRateLimitPerSecond: 5,
    });
    expect(
      await pages(async (NextToken) => {
        const page = await client.send(
          new eb.ListApiDestinationsCommand({ ConnectionArn, Limit: 2, NextToken }),
        );
        return { items: (page.ApiDestinations ?? []).map((one) => one.Name), ...page };
      }),
    ).toEqual([['d1', 'd2'], ['d3']]);
    expect(await refusal(create('d1'))).toBe(
      "ResourceAlreadyExistsException: An api-destination 'd1' already exists.",
    );
    await client.send(new eb.DeleteApiDestinationCommand({ Name: 'd1' }));
    expect(await refusal(client.send(new eb.DescribeApiDestinationCommand({ Name: 'd1' })))).toBe(
      "ResourceNotFoundException: Failed to describe the api-destination(s). An api-destination 'd1' does not exist.",
    );
  });

  test('what the service refuses', async () => {
    await connect('c');
    expect(await refusal(connect('c'))).toBe(
      'ResourceAlreadyExistsException: Connection c already exists.',
    );
    const long = 'This should fail with two errors 123467890123412341234123412341234';
    expect(
      await refusal(
        connect(long, { AuthorizationType: 'INVALID' as eb.ConnectionAuthorizationType }),
      ),
    ).toBe(
      `ValidationException: 3 validation errors detected: Value '${long}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+; Value '${long}' at 'name' failed to satisfy constraint: Member must have length less than or equal to 64; Value 'INVALID' at 'authorizationType' failed to satisfy constraint: Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]`,
    );
    expect(await refusal(connect('d', { AuthorizationType: 'BASIC' }))).toContain(
      'ValidationException',
    );
    expect(
      await refusal(
        client.send(
          new eb.CreateApiDestinationCommand({
            Name: 'd',
            ConnectionArn: arn('connection/none/00000000-0000-0000-0000-000000000000'),
            InvocationEndpoint: 'https://example.com',
            HttpMethod: 'POST',
          }),
        ),
      ),
    ).toBe("ResourceNotFoundException: Connection 'none' does not exist.");
  });
});

test('tags of a bus and of a rule', async () => {
  await createBus('orders');
  await putRule('r', { EventBusName: 'orders', Tags: [{ Key: 'a', Value: '1' }] });
  const tags = async (ResourceARN: string) =>
    (await client.send(new eb.ListTagsForResourceCommand({ ResourceARN }))).Tags;
  const rule = arn('rule/orders/r');
  await client.send(
    new eb.TagResourceCommand({ ResourceARN: rule, Tags: [{ Key: 'b', Value: '2' }] }),
  );
  expect(await tags(rule)).toEqual([
    { Key: 'a', Value: '1' },
    { Key: 'b', Value: '2' },
  ]);
  await client.send(new eb.UntagResourceCommand({ ResourceARN: rule, TagKeys: ['a'] }));
  expect(await tags(rule)).toEqual([{ Key: 'b', Value: '2' }]);
  expect(await tags(arn('event-bus/orders'))).toEqual([]);
  expect(await refusal(tags(arn('rule/orders/none')))).toBe(
    'ResourceNotFoundException: Rule none does not exist on EventBus orders.',
  );
  expect(await refusal(tags(arn('event-bus/none')))).toBe(
    'ResourceNotFoundException: Event bus none does not exist.',
  );
});

test('accounts and regions do not see each other', async () => {
  await createBus('orders');
  const other = busClient(bus.url, {
    region: 'us-west-2',
    credentials: { accessKeyId: '111122223333', secretAccessKey: 'x' },
  });
  const { EventBuses } = await other.send(new eb.ListEventBusesCommand({}));
  expect(EventBuses?.map((one) => one.Arn)).toEqual([
    'arn:aws:events:us-west-2:111122223333:event-bus/default',
  ]);
  other.destroy();
});
