import { request } from 'node:http';
import { type EventBridgeClientConfig, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type LocalBus, startLocalBus } from '@tidings/local';
import { afterEach, describe, expect, test } from 'vitest';
import { busClient } from '../../support/bus-client.ts';
import { refusal } from '../../support/refusal.ts';

let bus: LocalBus;
afterEach(() => bus.stop());

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

/** Status of a request; `fetch` would not let these headers through. */
function ask({ method = 'GET', path = '/_bus/summary', body, headers }: Asked): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: bus.port, path, method, headers };
    const call = request(options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.on('error', reject);
    call.end(body);
  });
}
const get = (path: string, headers: Record<string, string> = {}) => ask({ path, headers });

async function putEvent(config: EventBridgeClientConfig = {}): Promise<number | undefined> {
  const client = busClient(`http://127.0.0.1:${bus.port}`, { maxAttempts: 1, ...config });
  try {
    const answer = await client.send(
      new PutEventsCommand({
        Entries: [{ Source: 'com.acme', DetailType: 'OrderPlaced', Detail: '{"name":"Zoë"}' }],
      }),
    );
    return answer.FailedEntryCount;
  } finally {
    client.destroy();
  }
}
const putRule = (headers: Record<string, string> = {}): Asked => ({
  method: 'POST',
  path: '/',
  headers: { 'X-Amz-Target': 'AWSEvents.PutRule', ...headers },
  body: '{"Name":"evil","EventPattern":"{\\"source\\":[\\"x\\"]}"}',
});

describe('with a token', () => {
  const token = 'a-token-of-sixteen';

  test('people show it as a bearer, a query parameter, a cookie or a header', async () => {
    bus = await startLocalBus({ host: '0.0.0.0', token });
    expect(await get('/_bus/summary')).toBe(401);
    expect(await get('/')).toBe(401);
    expect(await get('/_bus/summary', { authorization: 'Bearer wrong' })).toBe(401);
    expect(await get('/_bus/summary', { authorization: `Bearer ${token}` })).toBe(200);
    expect(await get('/_bus/summary', { cookie: `tidings-token=${token}` })).toBe(200);
    expect(await get('/_bus/summary', { 'x-tidings-token': token })).toBe(200);
    expect(await get(`/_bus/summary?token=${token}`)).toBe(200);
  });

  test('AWS clients show it as their secret access key, or in a header', async () => {
    bus = await startLocalBus({ host: '0.0.0.0', token });
    expect(await refusal(putEvent())).toBe(
      'InvalidSignatureException: Use the token of the bus as the secret access key, or send it in the header X-Tidings-Token.',
    );
    const credentials = { accessKeyId: 'any', secretAccessKey: token };
    expect(await putEvent({ credentials })).toBe(0);
    const sqs = new SQSClient({ endpoint: bus.url, region: 'us-east-1', credentials });
    expect(await sqs.send(new ListQueuesCommand())).toMatchObject({
      $metadata: { httpStatusCode: 200 },
    });
    sqs.destroy();
    expect(await ask(putRule())).toBe(403);
    expect(await ask(putRule({ authorization: 'AWS4-HMAC-SHA256 Signature=x' }))).toBe(403);
    expect(await ask(putRule({ 'x-tidings-token': 'wrong' }))).toBe(403);
    expect(await ask(putRule({ 'x-tidings-token': token }))).toBe(200);
  });

  test('beyond this machine any address is served, and the names that are allowed', async () => {
    bus = await startLocalBus({ host: '0.0.0.0', token, allowedHosts: ['bus.internal'] });
    const shown = { 'x-tidings-token': token };
    expect(await get('/_bus/summary', { ...shown, host: '10.1.2.3:4010' })).toBe(200);
    expect(await get('/_bus/summary', { ...shown, host: 'Bus.Internal:4010' })).toBe(200);
    expect(await get('/_bus/summary', { ...shown, host: 'evil.example' })).toBe(403);
  });
});

describe('on this machine alone', () => {
  test.each(['/_bus/summary', '/', '/_bus/stream'])(
    '%s is served to its own page',
    async (path) => {
      bus = await startLocalBus();
      const own = `127.0.0.1:${bus.port}`;
      if (path !== '/_bus/stream') {
        expect(await get(path)).toBe(200);
        expect(await get(path, { host: `localhost:${bus.port}` })).toBe(200);
        expect(await get(path, { host: `[::1]:${bus.port}` })).toBe(200);
        expect(await get(path, { 'sec-fetch-site': 'same-origin' })).toBe(200);
        expect(await get(path, { host: own, origin: `http://${own}` })).toBe(200);
      }
      expect(await get(path, { host: 'evil.example' })).toBe(403);
      expect(await get(path, { host: '192.168.1.5' })).toBe(403);
      expect(await get(path, { host: 'localhost.evil.example' })).toBe(403);
      expect(await get(path, { host: 'evil.example@localhost' })).toBe(403);
      expect(await get(path, { 'sec-fetch-site': 'cross-site' })).toBe(403);
      expect(await get(path, { 'sec-fetch-site': 'same-site' })).toBe(403);
      expect(await get(path, { origin: 'https://evil.example' })).toBe(403);
      expect(await get(path, { origin: 'null' })).toBe(403);
    },
  );

  test('the AWS endpoint looks at the same', async () => {
    bus = await startLocalBus();
    expect(await ask(putRule({ host: 'evil.example' }))).toBe(403);
    expect(await ask(putRule({ origin: 'https://evil.example' }))).toBe(403);
    expect(await ask(putRule({ 'sec-fetch-site': 'cross-site' }))).toBe(403);
    expect(bus.requests).toHaveLength(0);
    expect(await ask(putRule())).toBe(200);
    expect(await putEvent()).toBe(0);
  });

  test('a form that navigates here does nothing, a link opens the page', async () => {
    bus = await startLocalBus();
    const fromElsewhere = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect(await get('/', fromElsewhere)).toBe(200);
    const reset = { method: 'POST', path: '/_bus/reset' };
    expect(await ask({ ...reset, headers: fromElsewhere })).toBe(403);
    expect(await ask({ ...reset, headers: { 'sec-fetch-mode': 'navigate' } })).toBe(403);
    expect(await ask(reset)).toBe(204);
  });

  test.each([
    ['text/plain', 415],
    ['text/plain; application/json', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=x', 415],
    ['', 415],
    ['application/json', 200],
    ['Application/JSON; charset=utf-8', 200],
  ])('a body of the control API that is declared as %j: %i', async (type, status) => {
    bus = await startLocalBus();
    const rule = { ...putRule(), path: '/_bus/operations/PutRule' };
    const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
    expect(await ask({ ...rule, headers })).toBe(status);
    expect(await ask({ method: 'PUT', path: '/_bus/faults', body: '[]', headers })).toBe(status);
    const form = { method: 'POST', path: '/_bus/reset', headers, body: 'x=1' };
    expect(await ask(form)).toBe(status === 200 ? 204 : 415);
  });
});
