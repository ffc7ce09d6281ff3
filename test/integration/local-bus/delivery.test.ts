import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  type CreateConnectionCommandInput,
  DisableRuleCommand,
  PutRuleCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { type DeliveredEvent, manualClock } from '@tidings/local';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BusFixture, busFixture } from '../../support/bus-fixture.ts';
import { httpTarget, type TargetAnswer } from '../../support/http-target.ts';

const clock = manualClock();
let on: BusFixture;
beforeEach(async () => {
  on = await busFixture({ clock, queues: ['q', 'dlq'] });
});
afterEach(() => on.end());

const lambda = 'arn:aws:lambda:eu-west-1:000000000000:function:f';
const states = () => on.bus.deliveries.map((delivery) => delivery.state);

describe('which events', () => {
  test('only those that an enabled rule matches, while it has targets', async () => {
    await on.rule('r', { Id: 't', Arn: on.queueArn('q') });
    await on.put({ n: 1 });
    await on.events.send(
      new PutRuleCommand({ Name: 'r', EventPattern: '{"detail":{"n":[{"numeric":[">",5]}]}}' }),
    );
    await on.put({ n: 2 }, { n: 6 });
    await on.events.send(new DisableRuleCommand({ Name: 'r' }));
    await on.put({ n: 7 });
    await on.events.send(
      new PutRuleCommand({ Name: 'r', EventPattern: '{"source":["com.acme.orders"]}' }),
    );
    await on.events.send(new RemoveTargetsCommand({ Rule: 'r', Ids: ['t'] }));
    await on.put({ n: 8 });
    await on.bus.settled();
    const bodies = (await on.receive('q')).map(({ Body = '' }) => JSON.parse(Body).detail.n);
    expect(bodies).toEqual([1, 6]);
    expect(on.bus.events.map((event) => on.bus.matchedBy(event))).toEqual([
      ['r'],
      [],
      ['r'],
      [],
      ['r'],
    ]);
  });
});

describe('targets', () => {
  test('a function in the same process', async () => {
    const got: DeliveredEvent[] = [];
    on.bus.handle(lambda, (event) => got.push(event));
    await on.rule('r', { Id: 't', Arn: lambda });
    await on.put({ n: 1 });
    await on.bus.settled();
    expect(got).toEqual([on.bus.events[0]?.envelope]);
    expect(on.bus.deliveries).toMatchObject([
      { eventSeq: 1, rule: 'r', targetId: 't', targetArn: lambda, state: 'delivered', attempts: 1 },
    ]);
  });

  test('a function behind an HTTP endpoint, as runtime emulators have it', async () => {
    const emulator = await httpTarget();
    on.bus.handle(lambda, `${emulator.url}/2015-03-31/functions/function/invocations`);
    await on.rule('r', { Id: 't', Arn: lambda });
    await on.put({ n: 1 });
    await on.bus.settled();
    expect(emulator.requests).toMatchObject([
      { method: 'POST', path: '/2015-03-31/functions/function/invocations' },
    ]);
    expect(JSON.parse(emulator.requests[0]?.body ?? '').detail).toEqual({ n: 1 });
    await emulator.stop();
  });

  test('a queue that the real SQS client reads', async () => {
    await on.rule('r', { Id: 't', Arn: on.queueArn('q') });
    await on.put({ n: 1 });
    await on.bus.settled();
    expect((await on.receive('q')).map((message) => message.Body)).toEqual([
      on.bus.events[0]?.text,
    ]);
  });

  test('a log group', async () => {
    await on.rule('r', {
      Id: 't',
      Arn: 'arn:aws:logs:eu-west-1:000000000000:log-group:/aws/events/orders:*',
    });
    await on.put({ n: 1 });
    await on.bus.settled();
    expect(on.bus.logs('/aws/events/orders').map((line) => line.message)).toEqual([
      on.bus.events[0]?.text,
    ]);
  });

  test('what nothing stands for is a dead letter that says what to do', async () => {
    await on.rule('r', { Id: 't', Arn: lambda, DeadLetterConfig: { Arn: on.queueArn('dlq') } });
    await on.put({ n: 1 });
    await on.bus.settled();
    expect(states()).toEqual(['dead-lettered']);
    const [letter] = await on.receive('dlq');
    expect(letter?.MessageAttributes?.ERROR_CODE?.StringValue).toBe('NO_RESOURCE');
    expect(letter?.MessageAttributes?.ERROR_MESSAGE?.StringValue).toContain('function or a URL');
  });
});

describe('retries and dead letters', () => {
  const failing = (times: number) => {
    let calls = 0;
    on.bus.handle(lambda, () => {
      calls += 1;
      if (calls <= times) throw new Error('not yet');
    });
  };
  const advanceHours = async (hours: number) => {
    for (let minute = 0; minute < hours * 60; minute += 10) {
      await clock.advance(600_000);
      await on.bus.settled();
    }
  };

  test('a failure is tried again later, until it succeeds', async () => {
    failing(3);
    await on.rule('r', { Id: 't', Arn: lambda });
    await on.put({ n: 1 });
    await on.bus.settled();
    expect(on.bus.deliveries).toMatchObject([
      { state: 'waiting', attempts: 1, errorCode: 'ERROR_FROM_TARGET', errorMessage: 'not yet' },
    ]);
    await advanceHours(1);
    expect(on.bus.deliveries).toMatchObject([{ state: 'delivered', attempts: 4 }]);
  });

  test('a retry policy that is used up leaves a dead letter with all attributes', async () => {
    failing(Number.POSITIVE_INFINITY);
    await on.rule('r', {
      Id: 't',
      Arn: lambda,
      InputPath: '$.detail',
      RetryPolicy: { MaximumRetryAttempts: 2 },
      DeadLetterConfig: { Arn: on.queueArn('dlq') },
    });
    await on.put({ n: 1 });
    await on.bus.settled();
    await advanceHours(1);
    expect(on.bus.deliveries).toMatchObject([{ state: 'dead-lettered', attempts: 3 }]);
    const [letter] = await on.receive('dlq');
    expect(letter?.Body).toBe(on.bus.events[0]?.text);
    expect(
      Object.fromEntries(
        Object.entries(letter?.MessageAttributes ?? {}).map(([name, { StringValue }]) => [
          name,
          StringValue,
        ]),
      ),
    ).toEqual({
      RULE_ARN: 'arn:aws:events:eu-west-1:000000000000:rule/r',
      TARGET_ARN: lambda,
      ERROR_CODE: 'ERROR_FROM_TARGET',
      ERROR_MESSAGE: 'not yet',
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: '2',
    });
  });

  test('an event that is too old is given up', async () => {
    failing(Number.POSITIVE_INFINITY);
    await on.rule('r', {
      Id: 't',
      Arn: lambda,
      RetryPolicy: { MaximumEventAgeInSeconds: 60 },
      DeadLetterConfig: { Arn: on.queueArn('dlq') },
    });
    await on.put({ n: 1 });
    await on.bus.settled();
    await advanceHours(1);
    const [letter] = await on.receive('dlq');
    expect(letter?.MessageAttributes?.EXHAUSTED_RETRY_CONDITION?.StringValue).toBe(
      'MaximumEventAgeInSeconds',
    );
  });

  test('without a dead-letter queue the event is dropped, at the latest after a day', async () => {
    failing(Number.POSITIVE_INFINITY);
    await on.rule('r', { Id: 't', Arn: lambda });
    await on.put({ n: 1 });
    await on.bus.settled();
    await advanceHours(25);
    expect(states()).toEqual(['dropped']);
  });
});

describe('an HTTP answer decides', () => {
  const deliver = async (answer: TargetAnswer) => {
    const endpoint = await httpTarget(answer);
    on.bus.handle(lambda, endpoint.url);
    await on.rule('r', { Id: 't', Arn: lambda });
    await on.put({ n: 1 });
    await on.bus.settled();
    await endpoint.stop();
    return on.bus.deliveries[0];
  };
  test.each([
    [204, 'delivered', undefined],
    [400, 'dropped', 'ERROR_FROM_TARGET'],
    [403, 'dropped', 'NO_PERMISSIONS'],
    [404, 'dropped', 'NO_RESOURCE'],
    [409, 'waiting', 'ERROR_FROM_TARGET'],
    [429, 'waiting', 'THROTTLING'],
    [503, 'waiting', 'ERROR_FROM_TARGET'],
  ] as const)('%i: %s %s', async (status, state, errorCode) => {
    expect(await deliver(() => ({ status }))).toMatchObject({ state, errorCode });
  });
  test('a failed function, which answers 200', async () => {
    const headers = { 'x-amz-function-error': 'Unhandled' };
    expect(await deliver(() => ({ status: 200, headers }))).toMatchObject({ state: 'waiting' });
  });
  test('Retry-After is waited for', async () => {
    await deliver(() => ({ status: 429, headers: { 'retry-after': '100' } }));
    await clock.advance(99_000);
    await on.bus.settled();
    expect(on.bus.deliveries).toMatchObject([{ attempts: 1 }]);
    await clock.advance(2_000);
    await on.bus.settled();
    // Nobody listens any more.
    expect(on.bus.deliveries).toMatchObject([{ errorCode: 'CONNECTION_FAILURE' }]);
  });
});

describe('API destinations', () => {
  const call = async (
    connection: Pick<CreateConnectionCommandInput, 'AuthorizationType' | 'AuthParameters'>,
    answer?: TargetAnswer,
  ) => {
    const endpoint = await httpTarget(answer);
    const { ConnectionArn } = await on.events.send(
      new CreateConnectionCommand({
        Name: 'c',
        ...JSON.parse(JSON.stringify(connection).replaceAll('ENDPOINT', endpoint.url)),
      }),
    );
    const { ApiDestinationArn } = await on.events.send(
      new CreateApiDestinationCommand({
        Name: 'd',
        ConnectionArn,
        HttpMethod: 'PUT',
        InvocationEndpoint: `${endpoint.url}/orders/*/lines/*`,
      }),
    );
    await on.rule('r', {
      Id: 't',
      Arn: ApiDestinationArn,
      InputPath: '$.detail',
      RoleArn: 'arn:aws:iam::000000000000:role/r',
      HttpParameters: {
        PathParameterValues: ['a b', '2'],
        HeaderParameters: { 'x-team': 'orders' },
        QueryStringParameters: { q: '1' },
      },
    });
    await on.put({ n: 1 });
    await on.put({ n: 2 });
    await on.bus.settled();
    await endpoint.stop();
    return endpoint.requests;
  };

  test('with an API key, and fields that the connection adds', async () => {
    const [request] = await call({
      AuthorizationType: 'API_KEY',
      AuthParameters: {
        ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'secret' },
        InvocationHttpParameters: {
          HeaderParameters: [{ Key: 'x-more', Value: 'm' }],
          QueryStringParameters: [{ Key: 'p', Value: '2' }],
          BodyParameters: [{ Key: 'added', Value: 'b' }],
        },
      },
    });
    expect(request).toMatchObject({
      method: 'PUT',
      path: '/orders/a%20b/lines/2?q=1&p=2',
      headers: { 'x-key': 'secret', 'x-team': 'orders', 'x-more': 'm' },
    });
    expect(JSON.parse(request?.body ?? '')).toEqual({ n: 1, added: 'b' });
    expect(states()).toEqual(['delivered', 'delivered']);
  });

  test('with name and password', async () => {
    const [request] = await call({
      AuthorizationType: 'BASIC',
      AuthParameters: { BasicAuthParameters: { Username: 'u', Password: 'p' } },
    });
    expect(request?.headers.authorization).toBe(`Basic ${btoa('u:p')}`);
  });

  test('with OAuth: one token for many calls', async () => {
    const requests = await call(
      {
        AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
        AuthParameters: {
          OAuthParameters: {
            AuthorizationEndpoint: 'ENDPOINT/token',
            HttpMethod: 'POST',
            ClientParameters: { ClientID: 'id', ClientSecret: 'shh' },
          },
        },
      },
      ({ path }) =>
        path === '/token'
          ? { status: 200, body: '{"access_token":"tok","expires_in":60}' }
          : { status: 200 },
    );
    expect(
      requests
        .map((each) => each.path.split('?')[0])
        .sort()
        .slice(-1),
    ).toEqual(['/token']);
    expect(requests.filter((each) => each.path !== '/token')).toMatchObject([
      { headers: { authorization: 'Bearer tok' } },
      { headers: { authorization: 'Bearer tok' } },
    ]);
    expect(requests.find((each) => each.path === '/token')?.body).toBe(
      'grant_type=client_credentials&client_id=id&client_secret=shh',
    );
  });
});

describe('what a target receives', () => {
  const receive = async (
    input: object,
    detail: object = { name: 'Ann "A"', n: 1.5, tags: ['x', 'y'], deep: { a: 'b' }, no: null },
  ) => {
    await on.rule('r', { Id: 't', Arn: on.queueArn('q'), ...input });
    await on.put(detail);
    await on.bus.settled();
    return (await on.receive('q'))[0]?.Body;
  };
  const template = (InputTemplate: string) =>
    receive({
      InputTransformer: {
        InputPathsMap: {
          name: '$.detail.name',
          n: '$.detail.n',
          tags: '$.detail.tags',
          deep: '$.detail.deep',
          none: '$.detail.none',
          type: '$.detail-type',
          second: '$.detail.tags[1]',
        },
        InputTemplate,
      },
    });

  test('Input', async () => expect(await receive({ Input: '{"x":1}' })).toBe('{"x":1}'));
  test('InputPath', async () =>
    expect(await receive({ InputPath: '$.detail.deep' })).toBe('{"a":"b"}'));
  test('InputPath to a text', async () =>
    expect(await receive({ InputPath: '$.detail.deep.a' })).toBe('"b"'));
  test('values outside of quotes become JSON', async () =>
    expect(
      await template('{"a":<name>,"b":<n>,"c":<tags>,"d":<deep>,"e":<none>,"f":<second>}'),
    ).toBe('{"a":"Ann \\"A\\"","b":1.5,"c":["x","y"],"d":{"a":"b"},"e":"","f":"y"}'));
  test('inside of quotes texts are bare', async () =>
    expect(await template('{"s":"<name>, <n>, <none>."}')).toBe('{"s":"Ann \\"A\\", 1.5, ."}'));
  test('in a template of texts lists and objects lose their quotes', async () =>
    expect(await template('"<tags>, <deep>"\n"<name>"')).toBe('"[x,y], {a:b}"\n"Ann \\"A\\""'));
  test.each(['{"s":"<tags>"}', '{"s":"<deep>"}', '<tags> of it', '[INVALID]', '{"a":<n>'])(
    '%s becomes no JSON, so nothing is delivered',
    async (text) => {
      expect(await template(text)).toBeUndefined();
      expect(on.bus.deliveries).toMatchObject([{ state: 'dropped', errorCode: 'INVALID_JSON' }]);
    },
  );
  test('a template that is a text', async () =>
    expect(await template('"Event of <type> type"')).toBe('"Event of OrderPlaced type"'));
  test('an escaped quote does not end the text', async () =>
    expect(await template('"he said \\"<name>\\" <n>"')).toBe('"he said \\"Ann \\"A\\"\\" 1.5"'));
  test('what is predefined', async () => {
    const got = JSON.parse(
      (await template(
        '{"arn":<aws.events.rule-arn>,"name":"<aws.events.rule-name>","at":<aws.events.event.ingestion-time>,"event":<aws.events.event>,"full":<aws.events.event.json>}',
      )) ?? '',
    );
    const {
      detail,
      'detail-type': detailType,
      ...rest
    } = on.bus.events[0]?.envelope ?? {
      detail: {},
    };
    expect(got).toEqual({
      arn: 'arn:aws:events:eu-west-1:000000000000:rule/r',
      name: 'r',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      event: { ...rest, detailType },
      full: on.bus.events[0]?.envelope,
    });
  });
});

describe('delivery faults', () => {
  const received: number[] = [];
  beforeEach(async () => {
    received.length = 0;
    on.bus.handle(lambda, (event) => {
      received.push((event.detail as unknown as { n: number }).n);
    });
    await on.rule('r', { Id: 't', Arn: lambda });
  });
  const run = async (...numbers: number[]) => {
    for (const n of numbers) {
      await on.put({ n });
      await on.bus.settled();
    }
    return received;
  };

  test('fail n times, then the retry delivers', async () => {
    on.bus.setFaults([
      { match: { rule: 'r' }, when: { first: 2 }, action: { type: 'deliver', effect: 'fail' } },
    ]);
    expect(await run(1)).toEqual([]);
    for (let minute = 0; minute < 10; minute += 1) {
      await clock.advance(60_000);
      await on.bus.settled();
    }
    expect(received).toEqual([1]);
    expect(on.bus.deliveries).toMatchObject([{ attempts: 3, state: 'delivered' }]);
  });
  test('drop loses the event although it seems delivered', async () => {
    on.bus.setFaults([
      { match: { target: 't' }, when: { nth: [2] }, action: { type: 'deliver', effect: 'drop' } },
    ]);
    expect(await run(1, 2, 3)).toEqual([1, 3]);
    expect(states()).toEqual(['delivered', 'delivered', 'delivered']);
  });
  test('duplicate', async () => {
    on.bus.setFaults([
      {
        match: { detailPattern: { detail: { n: [2] } } },
        action: { type: 'deliver', effect: 'duplicate' },
      },
    ]);
    expect(await run(1, 2, 3)).toEqual([1, 2, 2, 3]);
  });
  test('reorder lets the next go first', async () => {
    on.bus.setFaults([{ when: { nth: [1] }, action: { type: 'deliver', effect: 'reorder' } }]);
    expect(await run(1, 2, 3)).toEqual([2, 1, 3]);
  });
  test('a last event that was put back is delivered all the same', async () => {
    on.bus.setFaults([{ when: { nth: [1] }, action: { type: 'deliver', effect: 'reorder' } }]);
    expect(await run(1)).toEqual([]);
    await clock.advance(1_000);
    expect(received).toEqual([1]);
  });
  test('delay', async () => {
    on.bus.setFaults([{ action: { type: 'deliver', effect: 'delay', delay: { fixed: 5_000 } } }]);
    expect(await run(1)).toEqual([]);
    await clock.advance(5_000);
    await on.bus.settled();
    expect(received).toEqual([1]);
  });
});
