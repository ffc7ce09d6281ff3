import { optionBounds } from '@tidings/contract';
import type { Entry } from './entry.ts';
import { answerFailure, connectionFailure } from './lean/answer-failure.ts';
import { environmentCredentials } from './lean/credentials.ts';
import { credentialsCache } from './lean/credentials-cache.ts';
import { endpointOf } from './lean/endpoint.ts';
import { type HttpAnswer, httpExchange } from './lean/http-exchange.ts';
import type { CredentialsSource, LeanCredentials } from './lean/lean-credentials.ts';
import { everyRegionSigner, regionSigner } from './lean/request-signer.ts';
import { createPublisher, type EventBridgePublisher } from './publisher.ts';
import { type PublisherOptions, resolvePublisherOptions } from './publisher-options.ts';
import { putEventsBody } from './put-events-body.ts';
import { abortFailure, type Reply, type RequestFailure, type Transport } from './transport.ts';

/** Settings of `leanTransport`. All have a default. */
export interface LeanTransportOptions {
  /** Default: AWS_REGION, then AWS_DEFAULT_REGION. */
  readonly region?: string;
  /** Default: AWS_ENDPOINT_URL_EVENTBRIDGE, then AWS_ENDPOINT_URL, then the region's own. */
  readonly endpoint?: string;
  /** Id of a global endpoint, such as `abcde.veo`. Needs `@smithy/signature-v4a`. */
  readonly endpointId?: string;
  /**
   * Default: the environment, then the container endpoint of ECS or EKS, then the chain of
   * `@aws-sdk/credential-provider-node` where that is installed.
   */
  readonly credentials?: LeanCredentials | CredentialsSource;
  /** Default: AWS_USE_FIPS_ENDPOINT, or false. */
  readonly useFips?: boolean;
  /** Default: AWS_USE_DUALSTACK_ENDPOINT, or false. */
  readonly useDualStack?: boolean;
  /** Milliseconds until a connection that does not come about is given up. Default 2,000. */
  readonly connectTimeoutMs?: number;
}

/** `leanPublisher` takes the settings of a publisher and of its transport together. */
export type LeanPublisherOptions = PublisherOptions & LeanTransportOptions;

/** An `eventBridgePublisher` over `leanTransport`, which never loads the AWS SDK's client. */
export function leanPublisher(options: LeanPublisherOptions): EventBridgePublisher {
  const settings = resolvePublisherOptions(options, TRANSPORT_NAMES);
  return createPublisher(leanTransportOf(options), settings);
}

const TRANSPORT_NAMES: Record<keyof LeanTransportOptions, true> = {
  region: true,
  endpoint: true,
  endpointId: true,
  credentials: true,
  useFips: true,
  useDualStack: true,
  connectTimeoutMs: true,
};

const { flag, known, milliseconds } = optionBounds(RangeError);

/** A clock that is wrong by more than the service forgives. */
const SKEW_MS = 4 * 60_000;
const SKEW_CODES: ReadonlySet<string> = new Set([
  'InvalidSignatureException',
  'RequestExpired',
  'RequestInTheFuture',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
]);
const EXPIRED_CODES: ReadonlySet<string> = new Set(['ExpiredToken', 'ExpiredTokenException']);

/**
 * Speaks EventBridge's JSON protocol over node's own HTTP client: a few kilobytes instead
 * of the SDK's client, for cold starts, and several times its throughput.
 * @throws RangeError that names the option and what it must be.
 */
export function leanTransport(options: LeanTransportOptions = {}): Transport {
  known('leanTransport', options, TRANSPORT_NAMES);
  return leanTransportOf(options);
}

function leanTransportOf(options: LeanTransportOptions): Transport {
  const { env } = process;
  // An empty environment variable counts as unset, as in the SDK.
  const region = options.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION);
  if (!region) {
    throw new RangeError('region must be set: set AWS_REGION, or pass region');
  }
  const { endpointId, connectTimeoutMs = 2_000 } = options;
  milliseconds('connectTimeoutMs', connectTimeoutMs, 1);
  const endpoint = endpointOf({
    region,
    endpoint: options.endpoint ?? environmentEndpoint(env),
    endpointId,
    useFips: flag('useFips', options.useFips ?? env.AWS_USE_FIPS_ENDPOINT === 'true'),
    useDualStack: flag(
      'useDualStack',
      options.useDualStack ?? env.AWS_USE_DUALSTACK_ENDPOINT === 'true',
    ),
  });
  const exchange = httpExchange(endpoint, connectTimeoutMs);
  const signer =
    endpointId === undefined ? regionSigner(endpoint, region) : everyRegionSigner(endpoint);
  const credentials = credentialsCache(credentialsSource(options.credentials));
  let skewMs = 0;

  async function call(
    operation: string,
    text: string,
    signal: AbortSignal,
    onSending: () => void = () => {},
  ): Promise<Reply> {
    try {
      const request = await signed(operation, text, signal);
      const answer = await exchange.post(...request, signal, onSending);
      if (answer.status >= 200 && answer.status < 300) return success(answer);
      const failure = answerFailure(answer);
      learnFrom(failure, answer);
      return { ok: false, failure };
    } catch (error) {
      return {
        ok: false,
        failure: signal.aborted ? abortFailure(signal) : connectionFailure(error),
      };
    }
  }

  async function signed(
    operation: string,
    text: string,
    signal: AbortSignal,
  ): Promise<[Readonly<Record<string, string | number>>, Buffer]> {
    const body = Buffer.from(text);
    const headers = {
      'Content-Type': 'application/x-amz-json-1.1',
      'Content-Length': body.byteLength,
      'X-Amz-Target': `AWSEvents.${operation}`,
      'User-Agent': 'tidings-publisher',
    };
    const keys = credentials.current() ?? (await unlessAborted(credentials.load(), signal));
    const date = new Date(Date.now() + skewMs);
    return [await signer({ headers, body, credentials: keys, date }), body];
  }

  /** The next attempt must not fail for what this answer has told. */
  function learnFrom({ code }: RequestFailure, { headers }: HttpAnswer): void {
    if (EXPIRED_CODES.has(code)) credentials.discard();
    if (!SKEW_CODES.has(code) || headers.date === undefined) return;
    const off = new Date(headers.date).getTime() - Date.now();
    if (Math.abs(off - skewMs) > SKEW_MS) skewMs = off;
  }

  const { protocol, host } = endpoint;
  return {
    endpoint: () => `${protocol}//${host}`,
    reportsSending: true,
    send: (entries: readonly Entry[], signal, onSending) =>
      call('PutEvents', putEventsBody(entries, endpointId), signal, onSending),
    describeBus: (Name, signal) => call('DescribeEventBus', JSON.stringify({ Name }), signal),
    close: exchange.close,
  };
}

/** A source of credentials knows nothing of the request that waits for it. */
function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function success({ status, body }: HttpAnswer): Reply {
  try {
    return { ok: true, body: JSON.parse(body) };
  } catch {
    const message = 'The answer is not JSON, so it is not EventBridge that answers.';
    return { ok: false, failure: { code: 'UnreadableAnswer', status, message } };
  }
}

function credentialsSource(given: LeanTransportOptions['credentials']): CredentialsSource {
  if (typeof given === 'function') return given;
  if (given === undefined) return environmentCredentials();
  return async () => given;
}

function environmentEndpoint(env: NodeJS.ProcessEnv): string | undefined {
  if (env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true') return undefined;
  return env.AWS_ENDPOINT_URL_EVENTBRIDGE || env.AWS_ENDPOINT_URL || undefined;
}
