import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHttp } from '@aws-sdk/credential-provider-http';
import { afterEach, describe, expect, it } from 'vitest';
import { containerCredentials, containerUrl } from './container-credentials.ts';
import { environmentCredentials } from './credentials.ts';
import type { LeanCredentials } from './lean-credentials.ts';

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

  it.each([
    ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'http://credentials.example.com/'],
    ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'http://127.0.0.1.example.com/'],
    ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'not a URL'],
    ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'ftp://127.0.0.1/'],
    ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', '@example.com/creds'],
    ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', '.example.com/creds'],
  ])('sends no token in plain text to another host: %s=%s', async (variable, value) => {
    await expect(environmentCredentials({ [variable]: value })()).rejects.toThrow(
      new RegExp(`^${variable} must be https`),
    );
  });

  it('asks the ECS address for a relative URI that looks like a host', () => {
    const url = containerUrl({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '//example.com/creds' });
    expect(url?.href).toBe('http://169.254.170.2//example.com/creds');
  });

  it('takes empty variables as unset', () => {
    const empty = {
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: '',
    };
    expect(containerUrl(empty)).toBeUndefined();
  });

  it.each([
    ['AWS_CONTAINER_AUTHORIZATION_TOKEN', 'two\r\nlines', 'one line'],
    ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', '/nowhere/token', 'cannot be read (ENOENT)'],
  ])('refuses what is no token: %s', async (variable, value, sentence) => {
    const env = { [variable]: value };
    await expect(
      containerCredentials(new URL('http://127.0.0.1:9/creds'), env, []),
    ).rejects.toThrow(sentence);
  });
});

const hang = (): void => {};
const json = (body: unknown) => (_: IncomingMessage, response: ServerResponse) =>
  void response.end(JSON.stringify(body));
const status =
  (code: number, body = '') =>
  (_: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(code).end(body);
const reset = ({ socket }: IncomingMessage): void => void socket.destroy();
const cut = (_: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(200, { 'content-length': '500' });
  response.write('{"AccessKeyId"', () => response.destroy());
};
const late = (_: IncomingMessage, response: ServerResponse): void =>
  void setTimeout(() => response.end(JSON.stringify(granted)), 1_500);
const grant = json(granted);
const without = (field: keyof typeof granted) => json({ ...granted, [field]: undefined });

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** What the endpoint answers, one after the other; the last answer is repeated. */
const answers: readonly [string, ...Answer[]][] = [
  ['credentials', grant],
  ['credentials after 1.5 s', late],
  ['one reset', reset, grant],
  ['two resets', reset, reset, grant],
  ['three resets', reset, reset, reset, grant],
  ['only resets', reset],
  ['a cut-off answer', cut, grant],
  ['only cut-off answers', cut],
  ['500 once', status(500), grant],
  ['502 twice', status(502), status(502), grant],
  ['503 three times', status(503), status(503), status(503), grant],
  ['only 500', status(500)],
  ['429 once', status(429), grant],
  ['only 429', status(429)],
  ['400 once', status(400, '{"Code":"NotReady","Message":"wait"}'), grant],
  ['only 400', status(400, '{"Code":"AccessDenied","Message":"no such association"}')],
  ['only 401', status(401)],
  ['only 403', status(403, '<html>')],
  ['only 404', status(404, '{}')],
  ['a redirect', status(302)],
  ['an empty answer once', status(200), grant],
  ['only empty answers', status(200)],
  ['HTML', status(200, '<html></html>')],
  ['null', json(null)],
  ['a list', json([])],
  ['no AccessKeyId', without('AccessKeyId')],
  ['no SecretAccessKey', without('SecretAccessKey')],
  ['no Token', without('Token')],
  ['no Expiration', without('Expiration')],
  ['an Expiration that is no time', json({ ...granted, Expiration: 'soon' })],
  ['a number for a key', json({ ...granted, AccessKeyId: 7 })],
  ['another field', json({ ...granted, AccountId: '123456789012' })],
];

/** Serves the answers of a case; how often it was asked does not matter. */
function inTurn(served: readonly Answer[]): Answer {
  let asked = 0;
  return (request, response) => {
    const answer = served[Math.min(asked, served.length - 1)] ?? hang;
    asked += 1;
    answer(request, response);
  };
}

const settled = (credentials: Promise<LeanCredentials>): Promise<unknown> =>
  credentials.then(
    ({ accessKeyId, secretAccessKey, sessionToken, expiration }) => ({
      ...{ accessKeyId, secretAccessKey, sessionToken },
      expiresAt: expiration?.getTime(),
    }),
    () => 'no credentials',
  );

it.each(answers)('the endpoint answers %s: as the SDK takes it', async (_name, ...served) => {
  const url = await containerEndpoint(inTurn(served));
  const own = settled(containerCredentials(new URL(url), {}, [1, 1, 1]));
  const other = await containerEndpoint(inTurn(served));
  const sdk = fromHttp({ awsContainerCredentialsFullUri: other, timeout: 50, maxRetries: 3 });
  expect(await own).toEqual(await settled(sdk()));
});

it('tells the reason that the endpoint gave', async () => {
  const answer = status(400, '{"code":"AccessDenied","message":"no such association"}');
  const url = await containerEndpoint(answer);
  await expect(containerCredentials(new URL(url), {}, [])).rejects.toThrow(
    /^the container endpoint 127\.0\.0\.1:\d+ answered with HTTP status 400 \(AccessDenied: no such association\)$/,
  );
});
