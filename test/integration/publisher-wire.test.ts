import { type EventBridgePublisherOptions, eventBridgePublisher } from '@tidings/publisher';
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

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const quick = { baseMs: 1, capMs: 2 };

function publisherAt(endpoint: string, options: Partial<EventBridgePublisherOptions> = {}) {
  return eventBridgePublisher({
    eventBusName: 'orders',
    region: 'eu-west-1',
    endpoint,
    credentials,
    backoff: quick,
    throttledBackoff: quick,
    requestTimeoutMs: 300,
    ...options,
  } as EventBridgePublisherOptions);
}

describe('the SDK transport on the wire', () => {
  it('sends what PutEvents documents, and nothing more', async () => {
    await using endpoint = await rawEndpoint(accepts);
    const publisher = publisherAt(endpoint.url);
    await publisher.publish({ ...sealedOrder('e1'), resources: ['arn:x'], traceHeader: 'Root=1' });
    await publisher.close();
    expect(endpoint.requests).toHaveLength(1);
    expect(endpoint.requests[0]?.headers['x-amz-target']).toBe('AWSEvents.PutEvents');
    expect(endpoint.requests[0]?.headers['amz-sdk-request']).toBe('attempt=1; max=1');
    expect(endpoint.requests[0]?.body).toEqual({
      Entries: [
        {
          Time: 1780797600.123,
          Source: 'com.acme.orders',
          Resources: ['arn:x'],
          DetailType: 'OrderPlaced',
          Detail: sealedOrder('e1').detail,
          EventBusName: 'orders',
          TraceHeader: 'Root=1',
        },
      ],
    });
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
    ['HTML with status 200', answer(200, '<html></html>', { 'content-type': 'text/html' }), true],
    ['fewer results than entries', answer(200, { FailedEntryCount: 0, Entries: [] }), true],
    ['results of another type', answer(200, { FailedEntryCount: 0, Entries: 'all' }), true],
  ])('sends again after %s', async (_, failing, possiblyAccepted) => {
    await using endpoint = await rawEndpoint(failing, accepts);
    const publisher = publisherAt(endpoint.url);
    const [outcome] = await publisher.publishSettled(sealedOrder('e1'));
    expect(outcome).toMatchObject({ status: 'accepted', attempts: 2 });
    expect(endpoint.requests).toHaveLength(2);

    await using stuck = await rawEndpoint(failing);
    const given = await publisherAt(stuck.url, { maxAttempts: 2 }).publishSettled(
      sealedOrder('e1'),
    );
    expect(given[0]).toMatchObject({ status: 'undelivered', attempts: 2, possiblyAccepted });
  });

  it.each<[string, RawAnswer]>([
    ['a ValidationException', awsError(400, 'ValidationException')],
    ['status 413 without a type', answer(413, '')],
  ])('isolates the one bad entry after %s', async (_, refuse) => {
    await using endpoint = await rawEndpoint((response, request) => {
      const bad = request.body.Entries.some((entry) => String(entry.Detail).includes('"e3"'));
      (bad ? refuse : accepts)(response, request);
    });
    const publisher = publisherAt(endpoint.url);
    const events = Array.from({ length: 10 }, (_, index) => sealedOrder(`e${index}`));
    const outcomes = await publisher.publishSettled(events);
    expect(outcomes.map(({ status }) => status)).toEqual(
      events.map(({ eventId }) => (eventId === 'e3' ? 'rejected' : 'accepted')),
    );
  });

  it('gives up at once where the caller is not let in', async () => {
    await using endpoint = await rawEndpoint(awsError(403, 'UnrecognizedClientException'));
    const [outcome] = await publisherAt(endpoint.url).publishSettled(sealedOrder('e1'));
    expect(outcome).toMatchObject({
      status: 'undelivered',
      code: 'UnrecognizedClientException',
      attempts: 1,
      possiblyAccepted: false,
    });
  });

  it('decides by the deadline although the request hangs', async () => {
    await using endpoint = await rawEndpoint(hangs);
    const publisher = publisherAt(endpoint.url, { requestTimeoutMs: 60_000 });
    const [outcome] = await publisher.publishSettled(sealedOrder('e1'), { deadlineMs: 50 });
    expect(outcome).toMatchObject({ status: 'undelivered', possiblyAccepted: true });
    await publisher.close();
  });
});

describe('verify', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('takes the refusal of an empty request as proof, and publishes nothing', async () => {
    await using endpoint = await rawEndpoint(awsError(400, 'ValidationException'));
    await publisherAt(endpoint.url).verify();
    expect(endpoint.requests[0]?.body).toEqual({ Entries: [] });
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
    await expect(publisherAt(endpoint.url).verify()).rejects.toThrow(advice);
  });

  it('says what to do about an endpoint where nothing listens', async () => {
    const endpoint = await rawEndpoint(accepts);
    await endpoint[Symbol.asyncDispose]();
    await expect(publisherAt(endpoint.url).verify()).rejects.toThrow(/Nothing listens/);
  });

  it('says what to do about an unknown host', async () => {
    await expect(publisherAt('http://bus.invalid').verify()).rejects.toThrow(/host .* not known/);
  });

  it('says what to do where no region and no credentials are set', async () => {
    vi.stubEnv('AWS_CONFIG_FILE', '/nowhere');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    for (const name of ['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
      vi.stubEnv(name, undefined);
    }
    const nowhere = eventBridgePublisher({ eventBusName: 'orders', credentials });
    await expect(nowhere.verify()).rejects.toThrow(/AWS_REGION/);
    const nobody = eventBridgePublisher({ eventBusName: 'orders', region: 'eu-west-1' });
    await expect(nobody.verify()).rejects.toThrow(/No AWS credentials/);
  });
});
