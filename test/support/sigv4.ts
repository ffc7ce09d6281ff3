import { createHash, createHmac } from 'node:crypto';
import type { RawRequest } from './raw-endpoint.ts';

/**
 * The Authorization header that a request should carry, computed step by step as the
 * documentation of Signature Version 4 has it, from the headers that it says it signed.
 */
export function expectedAuthorization(
  { headers, text }: RawRequest,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
  region: string,
): string {
  const given = String(headers.authorization);
  const signedHeaders = /SignedHeaders=([^,]+)/.exec(given)?.[1] ?? '';
  const canonical = [
    'POST',
    '/',
    '',
    ...signedHeaders.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    signedHeaders,
    sha256(text),
  ].join('\n');
  const dateTime = String(headers['x-amz-date']);
  const date = dateTime.slice(0, 8);
  const scope = `${date}/${region}/events/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', dateTime, scope, sha256(canonical)].join('\n');
  const key = [date, region, 'events', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${credentials.secretAccessKey}`,
  );
  const signature = hmac(key, toSign).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
