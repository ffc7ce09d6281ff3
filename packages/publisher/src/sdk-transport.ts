import {
  DescribeEventBusCommand,
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import { optionBounds } from '@tidings/contract';
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

const NAMES: Record<keyof SdkTransportOptions, true> = { endpointId: true };

const { known } = optionBounds(RangeError);

/**
 * Sends through a client of `@aws-sdk/client-eventbridge`. Give the client
 * `maxAttempts: 1`: the publisher does the retrying, and a client that retries below it
 * sends whole requests again, accepted entries included. The client stays the caller's:
 * `close` does not destroy it.
 * @throws RangeError where an option is unknown.
 */
export function sdkTransport(
  client: EventBridgeClient,
  options: SdkTransportOptions = {},
): Transport {
  known('sdkTransport', options, NAMES);
  if (typeof client?.send !== 'function') {
    throw new RangeError('client must be an EventBridgeClient of @aws-sdk/client-eventbridge');
  }
  const { endpointId } = options;
  const endpoint = watchEndpoint(client);
  return {
    endpoint,
    reportsSending: true,
    send: (entries, signal, onSending) => {
      const Entries = entries.map(requestEntry);
      const input = endpointId === undefined ? { Entries } : { Entries, EndpointId: endpointId };
      const command = new PutEventsCommand(input);
      let isSent = false;
      // The last step before the request goes to the HTTP handler.
      command.middlewareStack.add(
        (next) => (args) => {
          isSent = true;
          onSending?.();
          return next(args);
        },
        { step: 'deserialize', priority: 'low', name: 'tidingsSending' },
      );
      const sent = client.send(command, { abortSignal: signal });
      return replyOf(sent, signal, () => isSent);
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
