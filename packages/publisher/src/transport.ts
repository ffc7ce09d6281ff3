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
   * aborted it replies at once with the code that `abortCode` names, and its
   * connection is given up.
   */
  send(entries: readonly Entry[], signal: AbortSignal): Promise<Reply>;
  /** Releases connections that the transport itself opened. */
  close(): void;
}

/** Why a request was given up, as the `reason` of its signal. */
export type AbortCode = 'Timeout' | 'Abandoned';

/** Reads a signal's reason; a foreign one counts as abandoned. */
export function abortCode(signal: AbortSignal): AbortCode {
  return signal.reason === 'Timeout' ? 'Timeout' : 'Abandoned';
}
