import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DescribeConnectionCommand,
  UpdateConnectionCommand,
} from '@aws-sdk/client-eventbridge';
import { manualClock } from '@tidings/local';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BusFixture, busFixture } from '../../support/bus-fixture.ts';
import { eventually } from '../../support/eventually.ts';
import { httpTarget, type TargetAnswer } from '../../support/http-target.ts';

const clock = manualClock();
let on: BusFixture;
let endpoint: Awaited<ReturnType<typeof httpTarget>>;
/** What the authorization endpoint and the partner answer; each test may change it. */
let token: TargetAnswer;
let partner: TargetAnswer;
let issued = 0;

beforeEach(async () => {
  issued = 0;
  token = () => {
    issued += 1;
    return { status: 200, body: `{"access_token":"tok-${issued}","expires_in":60}` };
  };
  partner = () => ({ status: 200 });
  endpoint = await httpTarget((request) =>
    request.path.startsWith('/token') ? token(request) : partner(request),
  );
  on = await busFixture({ clock, queues: ['dlq'] });
  const { ConnectionArn } = await on.events.send(
    new CreateConnectionCommand({
      Name: 'c',
      AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
      AuthParameters: {
        OAuthParameters: {
          AuthorizationEndpoint: `${endpoint.url}/token`,
          HttpMethod: 'POST',
          ClientParameters: { ClientID: 'id', ClientSecret: 'shh' },
          OAuthHttpParameters: {
            BodyParameters: [{ Key: 'scope', Value: 'orders' }],
            HeaderParameters: [{ Key: 'x-tenant', Value: 'acme' }],
            QueryStringParameters: [{ Key: 'v', Value: '2' }],
          },
        },
      },
    }),
  );
  const { ApiDestinationArn } = await on.events.send(
    new CreateApiDestinationCommand({
      Name: 'd',
      ConnectionArn,
      HttpMethod: 'POST',
      InvocationEndpoint: `${endpoint.url}/orders`,
    }),
  );
  await on.rule('r', {
    Id: 't',
    Arn: ApiDestinationArn,
    RoleArn: 'arn:aws:iam::000000000000:role/r',
    DeadLetterConfig: { Arn: on.queueArn('dlq') },
  });
});
afterEach(async () => {
  await on.end();
  await endpoint.stop();
});

const tokenCalls = () => endpoint.requests.filter(({ path }) => path.startsWith('/token'));
const bearers = () =>
  endpoint.requests
    .filter(({ path }) => path === '/orders')
    .map(({ headers }) => headers.authorization);
const deliver = async (...details: object[]) => {
  await on.put(...details);
  await on.bus.settled();
  return on.bus.deliveries.map(({ state, attempts, errorCode }) => ({
    state,
    attempts,
    errorCode,
  }));
};
const delivered = { state: 'delivered', attempts: 1, errorCode: undefined };
const connectionState = async () =>
  (await on.events.send(new DescribeConnectionCommand({ Name: 'c' }))).ConnectionState;

test('the authorization endpoint is called when the connection is made', async () => {
  expect(await connectionState()).toBe('AUTHORIZING');
  await clock.advance(500);
  await eventually(connectionState).toBe('AUTHORIZED');
  expect(tokenCalls()).toMatchObject([
    {
      method: 'POST',
      path: '/token?v=2',
      headers: { 'x-tenant': 'acme', 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials&client_id=id&client_secret=shh&scope=orders',
    },
  ]);
  expect(await deliver({ n: 1 })).toEqual([delivered]);
  expect(bearers()).toEqual(['Bearer tok-1']);
  expect(tokenCalls()).toHaveLength(1);
});

test('events side by side share one token, until it expires', async () => {
  expect(await deliver(...Array.from({ length: 5 }, (_, n) => ({ n })))).toEqual(
    Array.from({ length: 5 }, () => delivered),
  );
  expect(bearers()).toEqual(Array.from({ length: 5 }, () => 'Bearer tok-1'));
  expect(tokenCalls()).toHaveLength(1);
  await clock.advance(60_000);
  await deliver({ n: 6 });
  expect(bearers().at(-1)).toBe('Bearer tok-2');
});

test('a token that is refused is fetched anew, and the call repeated', async () => {
  partner = ({ headers }) => ({ status: headers.authorization === 'Bearer tok-1' ? 401 : 200 });
  expect(await deliver({ n: 1 })).toEqual([delivered]);
  expect(bearers()).toEqual(['Bearer tok-1', 'Bearer tok-2']);
  await deliver({ n: 2 });
  expect(bearers().at(-1)).toBe('Bearer tok-2');
  expect(tokenCalls()).toHaveLength(2);
});

test('an endpoint that refuses the new token as well gets no more', async () => {
  partner = () => ({ status: 401 });
  expect(await deliver({ n: 1 })).toEqual([
    { state: 'dead-lettered', attempts: 1, errorCode: 'NO_PERMISSIONS' },
  ]);
  expect(bearers()).toEqual(['Bearer tok-1', 'Bearer tok-2']);
});

test.each([
  [{ status: 503 }, 'waiting', 'ERROR_FROM_TARGET'],
  [{ status: 429, body: 'slow down' }, 'waiting', 'THROTTLING'],
  [{ status: 400, body: '{"error":"invalid_client"}' }, 'dead-lettered', 'NO_PERMISSIONS'],
  [{ status: 200, body: '<html>' }, 'dead-lettered', 'NO_PERMISSIONS'],
] as const)('no token, case %#: %j', async (answer, state, errorCode) => {
  token = () => answer;
  expect(await deliver({ n: 1 })).toEqual([{ state, attempts: 1, errorCode }]);
  expect(bearers()).toEqual([]);
});

test('other credentials get a token of their own', async () => {
  await deliver({ n: 1 });
  await on.events.send(
    new UpdateConnectionCommand({
      Name: 'c',
      AuthParameters: {
        OAuthParameters: { ClientParameters: { ClientID: 'other', ClientSecret: 'shh' } },
      },
    }),
  );
  await deliver({ n: 2 });
  expect(bearers()).toEqual(['Bearer tok-1', 'Bearer tok-2']);
  expect(tokenCalls().at(-1)?.body).toContain('client_id=other');
});
