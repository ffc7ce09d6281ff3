import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The header in which a client of any kind may show the token. */
export const tokenHeader = 'x-tidings-token';

/** Whether two texts are equal, in a time that does not tell how much of them is. */
export function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/**
 * Whether a request of the AWS protocol shows the token: in a header, or by a signature
 * (SigV4) that was made with the token as the secret access key.
 */
export function showsToken(message: IncomingMessage, body: string, token: string): boolean {
  const { authorization = '' } = message.headers;
  const shown = message.headers[tokenHeader] ?? /^Bearer (.+)$/.exec(authorization)?.[1];
  if (typeof shown === 'string') return isSame(shown, token);
  const signature = /^AWS4-HMAC-SHA256 .*\bSignature=([0-9a-f]{64})\b/.exec(authorization)?.[1];
  if (signature === undefined) return false;
  return isSame(signature, signatureOf(message, body, authorization, token));
}

/** The signature that the request must carry, by the rules of Signature Version 4. */
function signatureOf(
  message: IncomingMessage,
  body: string,
  authorization: string,
  secret: string,
): string {
  const [, scope = ''] = /Credential=[^/,\s]+\/([^,\s]+)/.exec(authorization) ?? [];
  const [, signedHeaders = ''] = /SignedHeaders=([^,\s]+)/.exec(authorization) ?? [];
  const { pathname, searchParams } = new URL(message.url ?? '/', 'http://bus');
  const headers = signedHeaders.split(';').map((name) => {
    const value = [message.headers[name] ?? ''].flat().join(',');
    return `${name}:${value.trim().replace(/ +/g, ' ')}\n`;
  });
  const canonical = [
    message.method,
    pathname,
    [...searchParams]
      .map((pair) => pair.map(encodeURIComponent).join('='))
      .sort()
      .join('&'),
    headers.join(''),
    signedHeaders,
    sha256(body),
  ].join('\n');
  const [date = '', region = '', service = '', terminator = ''] = scope.split('/');
  const key = [date, region, service, terminator].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  const time = String(message.headers['x-amz-date'] ?? '');
  return hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
