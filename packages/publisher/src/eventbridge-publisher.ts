import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { type ClientOptions, ownClientTransport } from './own-client.ts';
import { createPublisher, type EventBridgePublisher } from './publisher.ts';
import { type PublisherOptions, resolvePublisherOptions } from './publisher-options.ts';
import { sdkTransport } from './sdk-transport.ts';
import type { Transport } from './transport.ts';

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
  const settings = resolvePublisherOptions(options, TRANSPORT_NAMES);
  return createPublisher(transportOf(options, settings.concurrency), settings);
}

const TRANSPORT_NAMES: Record<keyof ClientOptions | 'client' | 'transport', true> = {
  region: true,
  endpoint: true,
  credentials: true,
  endpointId: true,
  connectTimeoutMs: true,
  client: true,
  transport: true,
};

function transportOf(options: EventBridgePublisherOptions, maxSockets: number): Transport {
  const { client, transport } = options as {
    readonly client?: unknown;
    readonly transport?: unknown;
  };
  if (client !== undefined && transport !== undefined) {
    throw new RangeError('give a client or a transport, not both');
  }
  if (options.transport !== undefined) return options.transport;
  if (options.client !== undefined) return sdkTransport(options.client);
  return ownClientTransport(options, maxSockets);
}
