import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventBridgePublisher } from '@tidings/publisher';
import { leanPublisher } from '@tidings/publisher/lean';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { accepts, answer, hangs, rawEndpoint } from '../support/raw-endpoint.ts';
import { sealedOrder } from '../support/sealed-order.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-credentials-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const makers = [
  ['sdk', eventBridgePublisher],
  ['lean', leanPublisher],
] as const;

describe.each(makers)('credentials that cannot be read: %s', (_, make) => {
  function stub(env: Readonly<Record<string, string>>): void {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) {
      vi.stubEnv(name, undefined);
    }
    vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'none'));
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'none'));
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  }

  it.each<[string, (url: string) => Readonly<Record<string, string>>]>([
    ['an endpoint that answers with HTML', (url) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url })],
    [
      'a token file that is missing',
      (url) => ({
        AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder, 'token'),
      }),
    ],
    [
      'a web identity whose token file is missing',
      () => ({
        AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'identity'),
        AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/shop',
      }),
    ],
  ])('%s leaves nothing possibly accepted, because nothing was sent', async (__, env) => {
    await using credentials = await rawEndpoint(answer(200, '<html>sign in</html>'));
    await using bus = await rawEndpoint(accepts);
    stub(env(credentials.url));
    const publisher = make({ eventBusName: 'orders', region: 'eu-west-1', endpoint: bus.url });
    const [outcome] = await publisher.publishSettled(sealedOrder('e1'), { deadlineMs: 2_500 });
    expect(bus.requests).toEqual([]);
    expect(outcome).toMatchObject({
      status: 'undelivered',
      attempts: 0,
      possiblyAccepted: false,
    });
    await publisher.close();
  });

  it('an endpoint that hangs until the deadline leaves nothing possibly accepted', async () => {
    await using credentials = await rawEndpoint(hangs);
    await using bus = await rawEndpoint(accepts);
    stub({ AWS_CONTAINER_CREDENTIALS_FULL_URI: credentials.url });
    const publisher = make({ eventBusName: 'orders', region: 'eu-west-1', endpoint: bus.url });
    const outcomes = await publisher.publishSettled(
      ['e1', 'e2'].map((id) => sealedOrder(id)),
      { deadlineMs: 300 },
    );
    expect(bus.requests).toEqual([]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'undelivered', possiblyAccepted: false });
    }
    await publisher.close();
  });
});
