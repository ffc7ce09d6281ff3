import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';

/** Keys to sign with, under the names that AWS's own providers use. */
export interface LeanCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export type CredentialsSource = () => Promise<LeanCredentials>;

/** No credentials could be had; the message says where they were looked for. */
export class CredentialsError extends Error {
  readonly code = 'CredentialsProviderError';
}

/** Credentials that are fetched again some time before they expire. */
export interface CredentialsCache {
  /** Those at hand, or undefined where they must be loaded. */
  current(): LeanCredentials | undefined;
  /** @throws Error of the source. */
  load(): Promise<LeanCredentials>;
  /** The service called them expired: they are not to be used again. */
  discard(): void;
}

const REFRESH_BEFORE_MS = 5 * 60_000;

/** Caches a source's credentials. Calls made at the same time share one load. */
export function credentialsCache(
  source: CredentialsSource,
  now: () => number = Date.now,
): CredentialsCache {
  let held: LeanCredentials | undefined;
  let loading: Promise<LeanCredentials> | undefined;
  return {
    current() {
      const expiresAt = held?.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
      return expiresAt - now() > REFRESH_BEFORE_MS ? held : undefined;
    },
    load() {
      loading ??= source()
        .then(
          (credentials) => {
            held = credentials;
            return credentials;
          },
          (error: unknown) => {
            // Those at hand may still be valid for some minutes.
            const expiresAt = held?.expiration?.getTime() ?? 0;
            if (held !== undefined && expiresAt > now()) return held;
            throw error;
          },
        )
        .finally(() => {
          loading = undefined;
        });
      return loading;
    },
    discard() {
      held = undefined;
    },
  };
}

/**
 * Where a workload's credentials are: the environment (Lambda, a shell), the container
 * endpoint of ECS or EKS, and only where neither is set the SDK's whole chain, which is
 * an optional peer and is loaded then.
 */
export function environmentCredentials(env: NodeJS.ProcessEnv = process.env): CredentialsSource {
  return async () => {
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
    if (accessKeyId && secretAccessKey && !env.AWS_PROFILE) {
      const { AWS_SESSION_TOKEN: sessionToken, AWS_CREDENTIAL_EXPIRATION: expiration } = env;
      return {
        accessKeyId,
        secretAccessKey,
        ...(sessionToken && { sessionToken }),
        ...(expiration && { expiration: new Date(expiration) }),
      };
    }
    const container = containerUrl(env);
    return container === undefined ? sdkChain() : containerCredentials(container, env);
  };
}

function containerUrl(env: NodeJS.ProcessEnv): URL | undefined {
  const relative = env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  if (relative) return new URL(relative, 'http://169.254.170.2');
  const full = env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  if (!full) return undefined;
  const url = new URL(full);
  if (url.protocol === 'https:' || mayBePlain(url.hostname)) return url;
  throw new CredentialsError(
    'AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http on the loopback or the ECS or EKS address',
  );
}

/** Hosts to which the container protocol allows plain HTTP: none of them leaves the host. */
function mayBePlain(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    hostname === '169.254.170.2' ||
    hostname === '169.254.170.23' ||
    hostname === '[fd00:ec2::23]' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}

async function containerCredentials(url: URL, env: NodeJS.ProcessEnv): Promise<LeanCredentials> {
  const tokenFile = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  // EKS replaces the file from time to time, so it is read at each refresh.
  const token = tokenFile
    ? (await readFile(tokenFile, 'utf8')).trim()
    : env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
  const body = await get(url, token);
  const parsed = JSON.parse(body) as Readonly<Record<string, unknown>>;
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = parsed;
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string') {
    throw new CredentialsError(`the container endpoint ${url.host} answered without credentials`);
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    ...(typeof Token === 'string' && { sessionToken: Token }),
    ...(typeof Expiration === 'string' && { expiration: new Date(Expiration) }),
  };
}

function get(url: URL, token: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { Authorization: token };
    const open = url.protocol === 'https:' ? secureRequest : request;
    const fail = (reason: string): void =>
      reject(new CredentialsError(`the container endpoint ${url.host} ${reason}`));
    const outgoing = open(url, { headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(body);
        else fail(`answered with HTTP status ${response.statusCode}`);
      });
    });
    outgoing.setTimeout(1_000, () => outgoing.destroy(new Error('did not answer within 1000 ms')));
    outgoing.once('error', (error) => fail(error.message));
    outgoing.end();
  });
}

async function sdkChain(): Promise<LeanCredentials> {
  // A name in a variable: a bundler would follow a literal and pack the whole chain.
  const name = '@aws-sdk/credential-provider-node';
  let chain: { defaultProvider(): CredentialsSource };
  try {
    chain = await import(name);
  } catch {
    throw new CredentialsError(
      'No AWS credentials in the environment; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, pass credentials, or install @aws-sdk/credential-provider-node for profiles and roles',
    );
  }
  return chain.defaultProvider()();
}
