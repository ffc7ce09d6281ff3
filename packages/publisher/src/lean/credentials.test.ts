import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { credentialsCache, environmentCredentials } from './credentials.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function containerEndpoint(
  serve: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/creds`;
}

const granted = {
  AccessKeyId: 'AKID',
  SecretAccessKey: 'secret',
  Token: 'token',
  Expiration: '2026-06-07T08:00:00Z',
};

describe('environmentCredentials', () => {
  it('reads what Lambda sets', async () => {
    const source = environmentCredentials({
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
    });
    expect(await source()).toEqual({
      accessKeyId: 'AKID',
      secretAccessKey: 'secret',
      sessionToken: 'token',
    });
  });

  it('asks the container endpoint with the token of its file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidings-credentials-'));
    closing.push(() => rm(folder, { recursive: true }));
    const tokenFile = join(folder, 'token');
    const seen: (string | undefined)[] = [];
    const url = await containerEndpoint((request, response) => {
      seen.push(request.headers.authorization);
      response.end(JSON.stringify(granted));
    });
    const source = environmentCredentials({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    });
    await writeFile(tokenFile, 'first\n');
    expect(await source()).toEqual({
      accessKeyId: 'AKID',
      secretAccessKey: 'secret',
      sessionToken: 'token',
      expiration: new Date('2026-06-07T08:00:00Z'),
    });
    await writeFile(tokenFile, 'second\n');
    await source();
    expect(seen).toEqual(['first', 'second']);
  });

  it('says what the container endpoint answered', async () => {
    const url = await containerEndpoint((_, response) => response.writeHead(403).end());
    const source = environmentCredentials({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url });
    await expect(source()).rejects.toThrow(/answered with HTTP status 403/);
  });

  it('sends no token over plain HTTP to another host', async () => {
    const source = environmentCredentials({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://credentials.example.com/',
    });
    await expect(source()).rejects.toThrow(/must be https/);
  });
});

describe('credentialsCache', () => {
  const key = (accessKeyId: string, expiresAt?: number) => ({
    accessKeyId,
    secretAccessKey: 'secret',
    ...(expiresAt !== undefined && { expiration: new Date(expiresAt) }),
  });

  it('loads once for calls made at the same time', async () => {
    let loads = 0;
    const cache = credentialsCache(async () => {
      loads += 1;
      return key(`k${loads}`);
    });
    expect(cache.current()).toBeUndefined();
    await Promise.all([cache.load(), cache.load()]);
    expect(loads).toBe(1);
    expect(cache.current()).toEqual(key('k1'));
  });

  it('asks for a refresh five minutes before the end, and after a discard', async () => {
    let now = 0;
    const cache = credentialsCache(
      async () => key('k', 3_600_000),
      () => now,
    );
    await cache.load();
    now = 3_299_000;
    expect(cache.current()).toBeDefined();
    now = 3_300_000;
    expect(cache.current()).toBeUndefined();
    now = 0;
    cache.discard();
    expect(cache.current()).toBeUndefined();
  });

  it('uses valid ones while a refresh fails, and no longer', async () => {
    let now = 0;
    let fails = false;
    const cache = credentialsCache(
      async () => {
        if (fails) throw new Error('endpoint is down');
        return key('k', 3_600_000);
      },
      () => now,
    );
    await cache.load();
    fails = true;
    now = 3_500_000;
    expect(await cache.load()).toMatchObject({ accessKeyId: 'k' });
    now = 3_600_001;
    await expect(cache.load()).rejects.toThrow('endpoint is down');
  });
});
