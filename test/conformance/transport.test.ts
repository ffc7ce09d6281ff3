import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  type EventBridgePublisher,
  eventBridgePublisher,
  type PublisherOptions,
  sdkTransport,
  type Transport,
} from '@tidings/publisher';
import { leanPublisher, leanTransport } from '@tidings/publisher/lean';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  accepts,
  answer,
  awsError,
  hangs,
  type RawAnswer,
  rawEndpoint,
  resets,
  stallsInBody,
} from '../support/raw-endpoint.ts';
import { sealedOrder } from '../support/sealed-order.ts';
import { expectedAuthorization } from '../support/sigv4.ts';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const quick = { baseMs: 1, capMs: 2 };
const region = 'eu-west-1';

interface Candidate {
  readonly name: string;
  publisher(endpoint: string, options?: Partial<PublisherOptions>): EventBridgePublisher;
  /** With what a workload of its own would have: nothing but the bus's name. */
  bare(options?: { readonly region?: string }): EventBridgePublisher;
}

const common = {
  eventBusName: 'orders',
  region,
  credentials,
  backoff: quick,
  throttledBackoff: quick,
  requestTimeoutMs: 300,
};

const candidates: readonly Candidate[] = [
  {
    name: 'the publisher with a client of its own',
    publisher: (endpoint, options) => eventBridgePublisher({ ...common, endpoint, ...options }),
    bare: (options) => eventBridgePublisher({ eventBusName: 'orders', ...options }),
  },
  {
    name: 'sdkTransport',
    publisher: (endpoint, options) =>
      eventBridgePublisher({
        ...common,
        client: new EventBridgeClient({ endpoint, region, credentials, maxAttempts: 1 }),
        ...options,
      }),
    bare: (options) =>
      eventBridgePublisher({
        eventBusName: 'orders',
        client: new EventBridgeClient({ maxAttempts: 1, ...options }),
      }),
  },
  {
    name: 'leanTransport',
    publisher: (endpoint, options) => leanPublisher({ ...common, endpoint, ...options }),
    bare: (options) => leanPublisher({ eventBusName: 'orders', ...options }),
  },
];

const transports: readonly { name: string; transport(endpoint: string): Transport }[] = [
  {
    name: 'sdkTransport',
    transport: (endpoint) =>
      sdkTransport(new EventBridgeClient({ endpoint, region, credentials, maxAttempts: 1 })),
  },
  {
    name: 'leanTransport',
    transport: (endpoint) => leanTransport({ endpoint, region, credentials }),
  },
];

function withoutCredentials(): void {
  vi.stubEnv('AWS_CONFIG_FILE', '/nowhere');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION']) {
    vi.stubEnv(name, undefined);
  }
}

describe.each(candidates)('$name', ({ publisher, bare }) => {
  afterEach(() => vi.unstubAllEnvs());

  it('sends what PutEvents documents, signed, and nothing more', async () => {
    await using endpoint = await rawEndpoint(accepts);
    const orders = publisher(endpoint.url);
    const plain = sealedOrder('e1');
    const detail = plain.detail.replace('"pad":""', '"pad":"\\"\\\\\u2028\\u0000é😀"');
    const event = { ...plain, detail, resources: ['arn:x', 'arn:"y"'] };
    await orders.publish({ ...event, traceHeader: 'Root=1' });
    await orders.close();
    expect(endpoint.requests).toHaveLength(1);
    const [request] = endpoint.requests;
    expect(request?.headers).toMatchObject({
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AWSEvents.PutEvents',
    });
    expect(request?.body).toEqual({
      Entries: [
        {
          Time: 1780797600.123,
          Source: 'com.acme.orders',
          Resources: event.resources,
          DetailType: 'OrderPlaced',
          Detail: event.detail,
          EventBusName: 'orders',
          TraceHeader: 'Root=1',
        },
      ],
    });
    expect(request?.headers.authorization).toBe(
      request && expectedAuthorization(request, credentials, region),
    );
  });

  it('sends a session token where there is one', async () => {
    withoutCredentials();
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('AWS_SESSION_TOKEN', 'session');
    vi.stubEnv('AWS_REGION', region);
    await using endpoint = await rawEndpoint(accepts);
    vi.stubEnv('AWS_ENDPOINT_URL_EVENTBRIDGE', endpoint.url);
    await bare().publish(sealedOrder('e1'));
    const [request] = endpoint.requests;
    expect(request?.headers['x-amz-security-token']).toBe('session');
    expect(request?.headers.authorization).toBe(
      request && expectedAuthorization(request, credentials, region),
    );
  });

  it.each<[string, RawAnswer, boolean]>([
    ['a throttled request', awsError(400, 'ThrottlingException'), false],
    ['status 429 without a type', answer(429, ''), false],
    ['status 500', awsError(500, 'InternalException'), true],
    ['status 503 as HTML', answer(503, '<html></html>', { 'content-type': 'text/html' }), true],
    ['a reset connection', resets, true],
    ['no answer', hangs, true],
    ['an answer that stalls half way', stallsInBody, true],
    ['an empty body with status 200', answer(200, ''), true],
    ['an empty object', answer(200, {}), true],
    ['null', answer(200, 'null'), true],
    ['HTML with status 200', answer(200, '<html></html>', { 'content-type': 'text/html' }), true],
    ['fewer results than entries', answer(200, { FailedEntryCount: 0, Entries: [] }), true],
    ['results of another type', answer(200, { FailedEntryCount: 0, Entries: 'all' }), true],
    ['a result without an id', answer(200, { FailedEntryCount: 0, Entries: [{}] }), true],
    ['expired credentials', awsError(400, 'ExpiredTokenException'), false],
    ['a code that nobody knows', awsError(400, 'SomethingNew'), false],
  ])('sends again after %s', async (_, failing, possiblyAccepted) => {
    await using endpoint = await rawEndpoint(failing, accepts);
    const [outcome] = await publisher(endpoint.url).publishSettled(sealedOrder('e1'));
    expect(outcome).toMatchObject({ status: 'accepted', attempts: 2 });
    expect(endpoint.requests).toHaveLength(2);

    await using stuck = await rawEndpoint(failing);
    const given = await publisher(stuck.url, { maxAttempts: 2 }).publishSettled(sealedOrder('e1'));
    expect(given[0]).toMatchObject({ status: 'undelivered', attempts: 2, possiblyAccepted });
  });

  it.each<[string, RawAnswer]>([
    ['a ValidationException', awsError(400, 'ValidationException')],
    ['status 413 without a type', answer(413, '')],
    ['status 413 with a type', awsError(413, 'RequestEntityTooLargeException')],
  ])('isolates the one bad entry after %s', async (_, refuse) => {
    await using endpoint = await rawEndpoint((response, request) => {
      const bad = request.body.Entries.some((entry) => String(entry.Detail).includes('"e3"'));
      (bad ? refuse : accepts)(response, request);
    });
    const events = Array.from({ length: 10 }, (_, index) => sealedOrder(`e${index}`));
    const outcomes = await publisher(endpoint.url).publishSettled(events);
    expect(outcomes.map(({ status }) => status)).toEqual(
      events.map(({ eventId }) => (eventId === 'e3' ? 'rejected' : 'accepted')),
    );
  });

  it('gives up at once where the caller is not let in', async () => {
    await using endpoint = await rawEndpoint(awsError(403, 'UnrecognizedClientException'));
    const [outcome] = await publisher(endpoint.url).publishSettled(sealedOrder('e1'));
    expect(outcome).toMatchObject({
      status: 'undelivered',
      code: 'UnrecognizedClientException',
      attempts: 1,
      possiblyAccepted: false,
    });
  });

  it('decides by the deadline although the request hangs', async () => {
    await using endpoint = await rawEndpoint(accepts, hangs);
    const orders = publisher(endpoint.url, { requestTimeoutMs: 60_000 });
    // The second request finds a connection, so that it leaves before its deadline.
    await orders.publish(sealedOrder('e0'));
    const [outcome] = await orders.publishSettled(sealedOrder('e1'), { deadlineMs: 50 });
    expect(outcome).toMatchObject({ status: 'undelivered', possiblyAccepted: true });
    await orders.close();
  });

  it.each(['3000000', '86400', 'Fri, 31 Dec 9999 23:59:59 GMT'])(
    'waits no longer than maxRetryAfterMs where the service asks for %s',
    async (asked) => {
      const busy = answer(503, { __type: 'ServiceUnavailable' }, { 'retry-after': asked });
      await using endpoint = await rawEndpoint(busy, accepts);
      const orders = publisher(endpoint.url, { maxRetryAfterMs: 20 });
      expect(await orders.publish(sealedOrder('e1'))).toMatchObject([{ attempts: 2 }]);
      await orders.close();
    },
  );

  it('waits as long as the service asks', async () => {
    const busy = answer(503, { __type: 'ServiceUnavailable' }, { 'retry-after': '1' });
    await using endpoint = await rawEndpoint(busy, accepts);
    const started = performance.now();
    await publisher(endpoint.url).publish(sealedOrder('e1'));
    // Timers may fire a millisecond early.
    expect(performance.now() - started).toBeGreaterThan(990);
  });

  describe('verify', () => {
    it('takes the refusal of an empty request as proof, and publishes nothing', async () => {
      await using endpoint = await rawEndpoint(awsError(400, 'ValidationException'));
      await publisher(endpoint.url).verify();
      expect(endpoint.requests[0]?.body).toEqual({ Entries: [] });
    });

    it('begins while the service throttles', async () => {
      await using endpoint = await rawEndpoint(awsError(400, 'ThrottlingException'));
      await publisher(endpoint.url).verify();
    });

    it.each<[string, RawAnswer, RegExp]>([
      ['an unknown key', awsError(403, 'UnrecognizedClientException'), /access key/],
      ['a wrong secret', awsError(403, 'InvalidSignatureException'), /secret key/],
      ['expired credentials', awsError(403, 'ExpiredTokenException'), /renew/],
      ['missing permission', awsError(400, 'AccessDeniedException'), /events:PutEvents/],
      ['another server', answer(200, '<html></html>'), /not EventBridge/],
      ['another path', answer(404, 'not found'), /HTTP status 404/],
      ['silence', hangs, /did not answer within 300 ms/],
    ])('says what to do about %s', async (_, reply, advice) => {
      await using endpoint = await rawEndpoint(reply);
      await expect(publisher(endpoint.url).verify()).rejects.toThrow(advice);
    });

    it('says what to do about an endpoint where nothing listens', async () => {
      const endpoint = await rawEndpoint(accepts);
      await endpoint[Symbol.asyncDispose]();
      await expect(publisher(endpoint.url).verify()).rejects.toThrow(/Nothing listens/);
    });

    it('says what to do about an unknown host', async () => {
      await expect(publisher('http://bus.invalid').verify()).rejects.toThrow(/host .* not known/);
    });

    it('says what to do where no region and no credentials are set', async () => {
      withoutCredentials();
      await expect(async () => bare().verify()).rejects.toThrow(/AWS_REGION/);
      await expect(bare({ region }).verify()).rejects.toThrow(/No AWS credentials/);
    });
  });

  describe('verifyBus', () => {
    const described = answer(200, { Name: 'orders', Arn: 'arn' });

    it('describes the bus once, before the first event', async () => {
      await using endpoint = await rawEndpoint(described, accepts);
      const orders = publisher(endpoint.url, { verifyBus: true });
      await orders.publish(sealedOrder('e1'));
      await orders.publish(sealedOrder('e2'));
      expect(endpoint.requests.map(({ headers }) => headers['x-amz-target'])).toEqual([
        'AWSEvents.DescribeEventBus',
        'AWSEvents.PutEvents',
        'AWSEvents.PutEvents',
      ]);
      expect(endpoint.requests[0]?.body).toEqual({ Name: 'orders' });
    });

    it('sends nothing to a bus that does not exist, and says so', async () => {
      await using endpoint = await rawEndpoint(awsError(400, 'ResourceNotFoundException'));
      const orders = publisher(endpoint.url, { verifyBus: true });
      await expect(orders.publish(sealedOrder('e1'))).rejects.toThrow(/orders does not exist/);
      await expect(orders.verify()).rejects.toThrow(/EventBridge/);
      const targets = endpoint.requests.map(({ headers }) => headers['x-amz-target']);
      expect(targets).not.toContain(undefined);
      expect(targets[0]).toBe('AWSEvents.DescribeEventBus');
    });

    it('asks again after a failure that passes', async () => {
      await using endpoint = await rawEndpoint(
        awsError(500, 'InternalException'),
        described,
        accepts,
      );
      const backoff = { baseMs: 1, capMs: 10 };
      await publisher(endpoint.url, { verifyBus: true, backoff }).publish(sealedOrder('e1'));
      expect(endpoint.requests).toHaveLength(3);
    });
  });
});

describe.each(transports)('$name by itself', ({ transport }) => {
  it('passes on code, status and message of a failure', async () => {
    await using endpoint = await rawEndpoint(
      answer(400, { __type: 'com.amazonaws#ValidationException', message: 'too many' }),
      answer(400, { message: 'denied' }, { 'x-amzn-errortype': 'AccessDeniedException:http://x' }),
      answer(418, 'teapot'),
    );
    const { send } = transport(endpoint.url);
    const { signal } = new AbortController();
    expect(await send([], signal)).toMatchObject({
      failure: { code: 'ValidationException', status: 400, message: 'too many' },
    });
    expect(await send([], signal)).toMatchObject({
      failure: { code: 'AccessDeniedException', status: 400, message: 'denied' },
    });
    expect(await send([], signal)).toMatchObject({ failure: { code: 'Http418', status: 418 } });
  });

  it('gives up a request at once when it is aborted, before and while it is on its way', async () => {
    await using endpoint = await rawEndpoint(hangs);
    const { send } = transport(endpoint.url);
    expect(await send([], AbortSignal.abort('Timeout'))).toMatchObject({
      failure: { code: 'Timeout' },
    });
    const controller = new AbortController();
    const reply = send([], controller.signal);
    await vi.waitFor(() => expect(endpoint.requests).toHaveLength(1));
    controller.abort('Abandoned');
    expect(await reply).toMatchObject({ failure: { code: 'Abandoned', status: undefined } });
  });
});
