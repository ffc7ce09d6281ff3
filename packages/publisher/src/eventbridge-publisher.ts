import { EventBridgeClient, type EventBridgeClientConfig } from '@aws-sdk/client-eventbridge';
import { type EventBridgePublisher, publisherOver } from './publisher.ts';
import type { PublisherOptions } from './publisher-options.ts';
import { sdkTransport } from './sdk-transport.ts';
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

/** At most one of `client` and `transport`; with neither, the publisher makes its client. */
export type EventBridgePublisherOptions = PublisherOptions &
  (
    | (ClientOptions & { readonly client?: never; readonly transport?: never })
    /** A client of the caller's, made with `maxAttempts: 1`: see `sdkTransport`. */
    | { readonly client: EventBridgeClient; readonly transport?: never }
    | { readonly transport: Transport; readonly client?: never }
  );

/**
 * Publishes to an event bus of Amazon EventBridge.
 *
 * Events are packed into as few requests as their order allows, calls made at the same
 * time share requests, answers are taken apart entry by entry, and only what is
 * undecided is sent again. Nothing is kept alive once all calls are settled.
 *
 * @throws RangeError that names the option, its bound and the value given.
 */
export function eventBridgePublisher(options: EventBridgePublisherOptions): EventBridgePublisher {
  if (options.transport !== undefined) return publisherOver(options.transport, options);
  if (options.client !== undefined) return publisherOver(sdkTransport(options.client), options);
  return publisherOver(ownClientTransport(options), options);
}

function ownClientTransport(options: ClientOptions & PublisherOptions): Transport {
  const { connectTimeoutMs = 2_000, requestTimeoutMs = 5_000, concurrency = 16 } = options;
  if (!(connectTimeoutMs >= 1)) {
    throw new RangeError(`connectTimeoutMs must be 1 or more, got ${String(connectTimeoutMs)}`);
  }
  const client = new EventBridgeClient({
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    // The publisher retries entry by entry; the SDK would send accepted ones again.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Without it the SDK only logs that the time is up, and waits on.
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: concurrency },
      httpsAgent: { keepAlive: true, maxSockets: concurrency },
    },
  });
  const { endpointId } = options;
  const transport = sdkTransport(client, endpointId === undefined ? {} : { endpointId });
  return { ...transport, close: () => client.destroy() };
}
