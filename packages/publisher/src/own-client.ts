import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import {
  DescribeEventBusCommand,
  EventBridgeClient,
  type EventBridgeClientConfig,
  PutEventsCommand,
  type PutEventsCommandInput,
} from '@aws-sdk/client-eventbridge';
import { optionBounds } from '@tidings/contract';
import { staleSocketGuard } from './idle-sockets.ts';
import { putEventsBody } from './put-events-body.ts';
import { watchEndpoint } from './sdk-endpoint.ts';
import { replyOf } from './sdk-reply.ts';
import type { Transport } from './transport.ts';

/** How the publisher's own client of the SDK is made. */
export interface ClientOptions {
  /** Default: AWS_REGION, then the shared configuration files. */
  readonly region?: string;
  /** URL to send to instead of the region's own, for example that of a local bus. */
  readonly endpoint?: string;
  /** Default: the SDK's credential chain. */
  readonly credentials?: NonNullable<EventBridgeClientConfig['credentials']>;
  /** Id of a global endpoint: see `sdkTransport`. */
  readonly endpointId?: string;
  /** Milliseconds until a connection that does not come about is given up. Default 2,000. */
  readonly connectTimeoutMs?: number;
}

const { milliseconds } = optionBounds(RangeError);

// What a command's input carries for this file's middleware: it never reaches the wire.
const BODY: unique symbol = Symbol('body');
const SIGNAL: unique symbol = Symbol('signal');
const SENDING: unique symbol = Symbol('sending');

interface Carried {
  [BODY]?: string;
  [SIGNAL]?: AbortSignal;
  [SENDING]?: () => void;
}

/** The publisher retries entry by entry; the SDK would send accepted entries again. */
const noRetries = {
  mode: 'standard',
  acquireInitialRetryToken: async () => ({ getRetryCount: () => 0, getRetryDelay: () => 0 }),
  refreshRetryTokenForRetry: async () => {
    throw new Error('The publisher retries, not its client.');
  },
  recordSuccess() {},
};

/**
 * A transport over a client of its own, from which everything is taken that a publisher
 * does not need: that costs a fifth of the SDK's work. Credentials, endpoints, signing and
 * connections stay the SDK's.
 *
 * - The body is written at one go (`putEventsBody`), in place of the SDK's walk over its
 *   schema.
 * - The SDK caches its chain of middleware only where a call carries no options, so the
 *   signal travels in the input and joins the request in front of the HTTP handler.
 * - There is no request time-out beside the signal: the publisher aborts by it.
 *
 * @throws RangeError where an option is out of its bounds.
 */
export function ownClientTransport(options: ClientOptions, maxSockets: number): Transport {
  const { endpointId, connectTimeoutMs = 2_000 } = options;
  milliseconds('connectTimeoutMs', connectTimeoutMs, 1);
  const httpAgent = new HttpAgent({ keepAlive: true, maxSockets });
  const httpsAgent = new HttpsAgent({ keepAlive: true, maxSockets });
  const dropStale = staleSocketGuard([httpAgent, httpsAgent]);
  const client = new EventBridgeClient({
    ...(options.region !== undefined && { region: options.region }),
    ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
    ...(options.credentials !== undefined && { credentials: options.credentials }),
    maxAttempts: 1,
    retryStrategy: noRetries,
    cacheMiddleware: true,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      httpAgent,
      httpsAgent,
    },
  });
  shorten(client);
  return {
    endpoint: watchEndpoint(client),
    reportsSending: true,
    send: (entries, signal, onSending) => {
      dropStale();
      const input: PutEventsCommandInput & Carried = { Entries: [] };
      if (endpointId !== undefined) input.EndpointId = endpointId;
      input[BODY] = putEventsBody(entries, endpointId);
      input[SIGNAL] = signal;
      let isSent = false;
      input[SENDING] = () => {
        isSent = true;
        onSending?.();
      };
      return replyOf(client.send(new PutEventsCommand(input)), signal, () => isSent);
    },
    describeBus: (Name, signal) =>
      replyOf(client.send(new DescribeEventBusCommand({ Name, ...{ [SIGNAL]: signal } })), signal),
    close: () => client.destroy(),
  };
}

interface HttpRequestLike extends Carried {
  body?: unknown;
  headers: Record<string, string>;
}

function shorten(client: EventBridgeClient): void {
  const { middlewareStack, config } = client;
  // It copies every input and output for a logger that nobody has set.
  middlewareStack.remove('loggerMiddleware');
  middlewareStack.add(
    (next) => (args) => {
      const body = (args.input as Carried)[BODY];
      const request = args.request as HttpRequestLike;
      if (body !== undefined) {
        request.body = body;
        request.headers['content-length'] = String(Buffer.byteLength(body));
      }
      return next(args);
    },
    { step: 'build', priority: 'high', name: 'tidingsBody' },
  );
  middlewareStack.add(
    (next) => (args) => {
      const { [SIGNAL]: signal, [SENDING]: onSending } = args.input as Carried;
      if (signal !== undefined) (args.request as HttpRequestLike)[SIGNAL] = signal;
      onSending?.();
      return next(args);
    },
    { step: 'deserialize', priority: 'low', name: 'tidingsSignal' },
  );
  const handler = config.requestHandler;
  const handle = handler.handle.bind(handler);
  handler.handle = (request, handlerOptions) => {
    const abortSignal = (request as Carried)[SIGNAL];
    return handle(request, abortSignal === undefined ? handlerOptions : { abortSignal });
  };
}
