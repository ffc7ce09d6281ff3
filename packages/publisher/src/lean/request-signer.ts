import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import type { Endpoint } from './endpoint.ts';
import type { LeanCredentials } from './lean-credentials.ts';
import { signatureV4 } from './signature-v4.ts';

export type Headers = Readonly<Record<string, string | number>>;

/** The headers of a PutEvents request, as far as they are signed. */
export interface RequestHeaders extends Headers {
  readonly 'Content-Type': string;
  readonly 'X-Amz-Target': string;
}

/** What is signed. */
export interface Unsigned {
  readonly headers: RequestHeaders;
  readonly body: Buffer;
  readonly credentials: LeanCredentials;
  readonly date: Date;
}

/** Adds what proves who is asking. Returns the headers to send. */
export type RequestSigner = (request: Unsigned) => Headers | Promise<Headers>;

/** Signature Version 4, for the endpoint of one region. */
export function regionSigner({ path, host }: Endpoint, region: string): RequestSigner {
  const sign = signatureV4(region, 'events');
  return ({ headers, body, credentials, date }) => {
    const sent = { ...headers, Host: host };
    // What a proxy may rewrite is not signed.
    const signed = signedHeaders.map((name) => [name, String(sent[name])] as const);
    return { ...sent, ...sign({ path, headers: signed, body, keys: credentials, date }) };
  };
}

const signedHeaders = ['Content-Type', 'Host', 'X-Amz-Target'] as const;

/**
 * Signature Version 4a, for a global endpoint in all regions. Its package is an optional
 * peer and is loaded at the first request.
 */
export function everyRegionSigner(endpoint: Endpoint): RequestSigner {
  let load: Promise<typeof import('@smithy/signature-v4a')> | undefined;
  const { protocol, hostname, port, path, host } = endpoint;
  return async ({ headers, body, credentials, date }) => {
    load ??= loadSigV4a();
    const { SignatureV4a } = await load;
    const signer = new SignatureV4a({
      credentials,
      region: '*',
      service: 'events',
      sha256: NodeSha256,
    });
    const plain: Record<string, string> = { host };
    for (const [name, value] of Object.entries(headers)) plain[name.toLowerCase()] = String(value);
    const query = {};
    const method = 'POST';
    const request = { method, protocol, hostname, port, path, query, headers: plain, body };
    const signed = await signer.sign(request as never, { signingDate: date });
    return { ...(signed.headers as Headers), 'content-length': body.byteLength };
  };
}

/** SigV4a is not installed; the message says what to install. */
class MissingSigV4aError extends Error {
  readonly code = 'MissingSigV4a';
}

async function loadSigV4a(): Promise<typeof import('@smithy/signature-v4a')> {
  // A name in a variable: a bundler would follow a literal and pack it for everybody.
  const name = '@smithy/signature-v4a';
  try {
    return await import(name);
  } catch {
    throw new MissingSigV4aError(
      'A global endpoint is signed for all regions; install @smithy/signature-v4a',
    );
  }
}

type Bytes = string | ArrayBuffer | ArrayBufferView;

/** Node's SHA-256 in the form that the signer constructs. */
class NodeSha256 {
  private readonly secret: Bytes | undefined;
  private hash: Hash | Hmac;

  constructor(secret?: Bytes) {
    this.secret = secret;
    this.hash = this.open();
  }

  update(data: Bytes): void {
    this.hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }

  reset(): void {
    this.hash = this.open();
  }

  private open(): Hash | Hmac {
    if (this.secret === undefined) return createHash('sha256');
    return createHmac('sha256', bytesOf(this.secret));
  }
}

function bytesOf(data: Bytes): string | NodeJS.ArrayBufferView {
  return data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : (data as string | NodeJS.ArrayBufferView);
}
