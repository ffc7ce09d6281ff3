import type { Entry } from './entry.ts';

/** A request that ended without a readable answer of its entries. */
export interface RequestFailure {
  /** The service's error code, a system error code such as `ECONNRESET`, or `Timeout`. */
  readonly code: string;
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined;
  readonly message: string;
  /** The wait that the service asked for, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** What became of one request. `body` is as the service sent it: nobody has checked it. */
export type Reply =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly failure: RequestFailure };

/** Carries PutEvents requests to a service. The publisher above it does all retrying. */
export interface Transport {
  /**
   * Sends one request, once, and never rejects: a failure is a reply. Once `signal` is
   * aborted it replies at once with `abortFailure`, and its connection is given up.
   *
   * A transport with `reportsSending` calls `onSending` when the request begins to leave; one
   * that ends without it, for want of credentials or of a connection, was never sent, and the
   * bus cannot hold its events.
   */
  send(entries: readonly Entry[], signal: AbortSignal, onSending?: () => void): Promise<Reply>;
  readonly reportsSending?: true;
  /** Asks for a bus by name or ARN, with DescribeEventBus. Under the same terms as `send`. */
  describeBus(eventBusName: string, signal: AbortSignal): Promise<Reply>;
  /** Where requests go, for messages: a URL without credentials. Undefined while unknown. */
  endpoint?(): string | undefined;
  /** Releases connections that the transport itself opened. */
  close(): void;
}

/**
 * The failure of a request whose signal was aborted: `Timeout` where its time was up, and
 * `Abandoned` where nobody waits for it any longer.
 */
export function abortFailure(signal: AbortSignal): RequestFailure {
  const timedOut = signal.reason === 'Timeout';
  return {
    code: timedOut ? 'Timeout' : 'Abandoned',
    status: undefined,
    message: timedOut
      ? 'No answer came within requestTimeoutMs.'
      : 'The request was given up before an answer came.',
  };
}
