import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import type { Entry } from './entry.ts';
import { sdkFailure } from './sdk-failure.ts';
import { abortCode, type Reply, type Transport } from './transport.ts';

/**
 * Sends through a client of `@aws-sdk/client-eventbridge`. Give the client
 * `maxAttempts: 1`: the publisher does the retrying, and a client that retries below it
 * sends whole requests again, accepted entries included. The client stays the caller's:
 * `close` does not destroy it.
 */
export function sdkTransport(client: EventBridgeClient): Transport {
  return {
    async send(entries, signal) {
      const command = new PutEventsCommand({ Entries: entries.map(requestEntry) });
      try {
        const body = await untilAborted(client.send(command, { abortSignal: signal }), signal);
        return { ok: true, body };
      } catch (error) {
        return signal.aborted ? aborted(signal) : { ok: false, failure: sdkFailure(error) };
      }
    },
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

/**
 * The SDK heeds the signal only once its handler runs: while it looks for credentials
 * it would wait on.
 */
function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function aborted(signal: AbortSignal): Reply {
  const code = abortCode(signal);
  const message =
    code === 'Timeout' ? 'No answer came within requestTimeoutMs.' : 'The request was given up.';
  return { ok: false, failure: { code, status: undefined, message } };
}
