import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { CredentialsError, type LeanCredentials } from './lean-credentials.ts';

/** How long the endpoint may take to accept a connection, and to answer. */
const CONNECT_TIMEOUT_MS = 1_000;
const ANSWER_TIMEOUT_MS = 5_000;
/** Waits between the attempts: the agents of ECS and EKS answer 4xx, 429 and 5xx in passing. */
const retryDelaysMs = [100, 500, 1_000];

/** An answer of more than this is none of credentials. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * The address of the container endpoint; undefined if the environment names none. A
 * relative URI takes precedence, as in the SDK.
 * @throws CredentialsError if a token would leave the host in plain text.
 */
export function containerUrl(env: NodeJS.ProcessEnv): URL | undefined {
  const relative = env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  const full = env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  // Put together as text: resolved as a URL, `//host/path` would name another host.
  if (relative) {
    return checked(`http://169.254.170.2${relative}`, 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI');
  }
  return full ? checked(full, 'AWS_CONTAINER_CREDENTIALS_FULL_URI') : undefined;
}

function checked(text: string, variable: string): URL {
  if (URL.canParse(text)) {
    const url = new URL(text);
    if (url.protocol === 'https:') return url;
    if (url.protocol === 'http:' && mayBePlain(url.hostname)) return url;
  }
  throw new CredentialsError(
    `${variable} must be https, or http on the loopback, ECS (169.254.170.2) or EKS (169.254.170.23, [fd00:ec2::23]) address`,
  );
}

/** Hosts to which the container protocol allows plain HTTP: none of them leaves the host. */
function mayBePlain(hostname: string): boolean {
  return (
    ['localhost', '[::1]', '169.254.170.2', '169.254.170.23', '[fd00:ec2::23]'].includes(
      hostname,
    ) || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}

/**
 * Credentials of the container endpoint of ECS or EKS. Any failure is tried three times
 * more, as the SDK does.
 * @throws CredentialsError with what the endpoint answered last.
 */
export async function containerCredentials(
  url: URL,
  env: NodeJS.ProcessEnv,
  delaysMs: readonly number[] = retryDelaysMs,
): Promise<LeanCredentials> {
  for (let attempt = 0; ; attempt++) {
    try {
      return parseAnswer(url, await get(url, await tokenOf(env)));
    } catch (error) {
      const waitMs = delaysMs[attempt];
      if (waitMs === undefined) throw error;
      await delay(waitMs);
    }
  }
}

/** EKS replaces the file from time to time, so it is read for each request. */
async function tokenOf(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const file = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  const token = file
    ? await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        throw new CredentialsError(
          `the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read (${error.code})`,
        );
      })
    : env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
  const trimmed = token?.trim();
  if (!trimmed) return undefined;
  if (/[^\x20-\x7e]/.test(trimmed)) {
    throw new CredentialsError('the container authorization token must be one line of plain text');
  }
  return trimmed;
}

function parseAnswer(url: URL, { status, body }: Answer): LeanCredentials {
  const parsed = objectOf(body);
  if (status !== 200) {
    const reason = [parsed.Code ?? parsed.code, parsed.Message ?? parsed.message].filter(
      (each) => typeof each === 'string' && each !== '',
    );
    throw failure(
      url,
      `answered with HTTP status ${status}${reason.length === 0 ? '' : ` (${reason.join(': ')})`}`,
    );
  }
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = parsed;
  const expiration = new Date(typeof Expiration === 'string' ? Expiration : Number.NaN);
  if (
    typeof AccessKeyId !== 'string' ||
    typeof SecretAccessKey !== 'string' ||
    typeof Token !== 'string' ||
    Number.isNaN(expiration.getTime())
  ) {
    throw failure(url, 'answered without AccessKeyId, SecretAccessKey, Token and Expiration');
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: Token,
    expiration,
  };
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function get(url: URL, token: string | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { Authorization: token };
    const open = url.protocol === 'https:' ? secureRequest : request;
    const outgoing = open(url, { headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > MAX_ANSWER_BYTES) outgoing.destroy(new Error('answered too much'));
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
      // Of a connection that breaks now, the request itself says nothing any more.
      response.once('error', (error) => reject(failure(url, error.message)));
    });
    const giveUp = (afterMs: number, what: string): NodeJS.Timeout =>
      setTimeout(
        () => outgoing.destroy(new Error(`did not ${what} within ${afterMs} ms`)),
        afterMs,
      );
    const connecting = giveUp(CONNECT_TIMEOUT_MS, 'accept a connection');
    const answering = giveUp(ANSWER_TIMEOUT_MS, 'answer');
    outgoing.once('socket', (socket) => socket.once('connect', () => clearTimeout(connecting)));
    outgoing.once('error', (error) => reject(failure(url, error.message)));
    outgoing.once('close', () => {
      clearTimeout(connecting);
      clearTimeout(answering);
    });
    outgoing.end();
  });
}

function failure(url: URL, reason: string): CredentialsError {
  return new CredentialsError(`the container endpoint ${url.host} ${reason}`);
}
