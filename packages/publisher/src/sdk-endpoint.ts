import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';

/** What is read of a request that a client is about to send. */
interface Addressed {
  readonly protocol?: unknown;
  readonly hostname?: unknown;
  readonly port?: unknown;
}

const last = new WeakMap<EventBridgeClient, string>();

/**
 * Watches where a client sends its requests, which it alone knows: its options, the
 * environment, shared files and the region decide. The function that is returned tells where
 * the last one went; undefined before the first.
 */
export function watchEndpoint(client: EventBridgeClient): () => string | undefined {
  client.middlewareStack.add(
    (next) => (args) => {
      const endpoint = urlOf(args.request as Addressed | undefined);
      if (endpoint !== undefined) last.set(client, endpoint);
      return next(args);
    },
    // A client that serves several transports is watched once.
    { step: 'deserialize', priority: 'low', name: 'tidingsEndpoint', override: true },
  );
  return () => last.get(client);
}

function urlOf(request: Addressed | undefined): string | undefined {
  if (typeof request?.hostname !== 'string') return undefined;
  const { protocol = 'https:', hostname, port } = request;
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
}
