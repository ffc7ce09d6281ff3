import {
  DescribeEventBusCommand,
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import type { Entry } from './entry.ts';
import { watchEndpoint } from './sdk-endpoint.ts';
import { replyOf } from './sdk-reply.ts';
import type { Transport } from './transport.ts';

/** Settings of `sdkTransport`. */
export interface SdkTransportOptions {
  /**
   * Id of a global endpoint, such as `abcde.veo`. The client signs for it with SigV4a,
   * for which `@aws-sdk/signature-v4a` or `@aws-sdk/signature-v4-crt` must be imported.
   */
  readonly endpointId?: string;
}

/**
 * Sends through a client of `@aws-sdk/client-eventbridge`. Give the client
 * `maxAttempts: 1`: the publisher does the retrying, and a client that retries below it
 * sends whole requests again, accepted entries included. The client stays the caller's:
 * `close` does not destroy it.
 */
export function sdkTransport(
  client: EventBridgeClient,
  { endpointId }: SdkTransportOptions = {},
): Transport {
  const endpoint = watchEndpoint(client);
  return {
    endpoint,
    send: (entries, signal) => {
      const Entries = entries.map(requestEntry);
      const input = endpointId === undefined ? { Entries } : { Entries, EndpointId: endpointId };
      return replyOf(client.send(new PutEventsCommand(input), { abortSignal: signal }), signal);
    },
    describeBus: (Name, signal) =>
      replyOf(client.send(new DescribeEventBusCommand({ Name }), { abortSignal: signal }), signal),
    close() {},
  };
}

function requestEntry({ event, eventBusName }: Entry): PutEventsRequestEntry {
  return {
    Time: event.time,
    Source: event.source,
    // The SDK's type is a mutable array; it only reads it.
    Resources: event.resources as string[],
    DetailType: event.detailType,
    Detail: event.detail,
    EventBusName: eventBusName,
    TraceHeader: event.traceHeader,
  };
}
