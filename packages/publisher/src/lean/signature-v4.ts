import { createHmac, hash } from 'node:crypto';

/** What a signature is made with. */
export interface SigningKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A POST request without a query; every header that is given is signed. */
export interface SignableRequest {
  /** Percent-encoded, as it is sent. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | Uint8Array;
  readonly keys: SigningKeys;
  readonly date: Date;
}

/** The headers that prove who is asking. */
export interface SignatureHeaders {
  readonly 'X-Amz-Date': string;
  readonly 'X-Amz-Security-Token'?: string;
  readonly Authorization: string;
}

/**
 * AWS Signature Version 4 for one service in one region. The signing key changes once a
 * day, so it is derived once per day and secret.
 */
export function signatureV4(
  region: string,
  service: string,
): (request: SignableRequest) => SignatureHeaders {
  let derived: { day: string; secret: string; key: Buffer } | undefined;

  function signingKey(day: string, secret: string): Buffer {
    if (derived?.day !== day || derived.secret !== secret) {
      const scope = [day, region, service, 'aws4_request'];
      const key = scope.reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`));
      derived = { day, secret, key };
    }
    return derived.key;
  }

  return ({ path, headers, body, keys, date }) => {
    const timestamp = amzDate(date);
    const day = timestamp.slice(0, 8);
    const { accessKeyId, secretAccessKey, sessionToken } = keys;
    const own = [
      ['X-Amz-Date', timestamp],
      ...(sessionToken === undefined ? [] : [['X-Amz-Security-Token', sessionToken]]),
    ] as [string, string][];
    const signed = [...headers, ...own]
      .map(([name, value]) => [name.toLowerCase(), canonicalValue(value)] as const)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    const names = signed.map(([name]) => name).join(';');
    const lines = signed.map(([name, value]) => `${name}:${value}\n`).join('');
    const request = `POST\n${canonicalPath(path)}\n\n${lines}\n${names}\n${hash('sha256', body)}`;
    const scope = `${day}/${region}/${service}/aws4_request`;
    const toSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash('sha256', request)}`;
    const signature = hmac(signingKey(day, secretAccessKey), toSign).toString('hex');
    return {
      'X-Amz-Date': timestamp,
      ...(sessionToken !== undefined && { 'X-Amz-Security-Token': sessionToken }),
      Authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    };
  };
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** `20260607T020000Z` */
export function amzDate(date: Date): string {
  const iso = date.toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}

/** Spaces around and within a value do not count. */
function canonicalValue(value: string): string {
  return /^\s|\s$|\s\s/.test(value) ? value.trim().replace(/\s+/g, ' ') : value;
}

/** Every service but S3 signs the path encoded once more than it is sent. */
function canonicalPath(path: string): string {
  if (path === '/') return path;
  return encodeURIComponent(path)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
