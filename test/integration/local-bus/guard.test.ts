import { request } from 'node:http';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { type LocalBus, startLocalBus } from '@tidings/local';
import { afterEach, describe, expect, test } from 'vitest';
import { busClient } from '../../support/bus-client.ts';

let bus: LocalBus;
afterEach(() => bus.stop());

/** Status of a GET; `fetch` would not let these headers through. */
function get(path: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: bus.port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.on('error', reject);
    call.end();
  });
}

describe('with a token', () => {
  const token = 'a-token-of-sixteen';
  test('everything asks for it but the AWS protocol', async () => {
    bus = await startLocalBus({ host: '0.0.0.0', token });
    expect(await get('/_bus/summary')).toBe(401);
    expect(await get('/')).toBe(401);
    expect(await get('/_bus/summary', { authorization: 'Bearer wrong' })).toBe(401);
    expect(await get('/_bus/summary', { authorization: `Bearer ${token}` })).toBe(200);
    expect(await get('/_bus/summary', { cookie: `tidings-token=${token}` })).toBe(200);
    expect(await get(`/_bus/summary?token=${token}`)).toBe(200);
    const client = busClient(`http://127.0.0.1:${bus.port}`);
    const answer = await client.send(
      new PutEventsCommand({
        Entries: [{ Source: 'com.acme', DetailType: 'OrderPlaced', Detail: '{}' }],
      }),
    );
    expect(answer.FailedEntryCount).toBe(0);
    client.destroy();
  });
});

describe('on this machine alone', () => {
  test("another site's page is kept out", async () => {
    bus = await startLocalBus();
    expect(await get('/_bus/summary')).toBe(200);
    expect(await get('/_bus/summary', { host: `localhost:${bus.port}` })).toBe(200);
    expect(await get('/_bus/summary', { host: 'evil.example' })).toBe(403);
    expect(await get('/_bus/summary', { 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await get('/_bus/summary', { 'sec-fetch-site': 'same-origin' })).toBe(200);
  });
});
