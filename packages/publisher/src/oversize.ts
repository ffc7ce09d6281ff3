import { describeThrown, type SealedEvent } from '@tidings/contract';
import { requestFailureKind } from './failure-table.ts';
import { boundedWait } from './reply-results.ts';
import type { Failure } from './retry-policy.ts';
import type { RequestFailure } from './transport.ts';

/** An event that is small enough now, or the reason why it could not be made so. */
export type Shrunk =
  | { readonly ok: true; readonly event: SealedEvent }
  | { readonly ok: false; readonly failure: RequestFailure };

/** Makes room in an event that is too large for the bus. */
export interface OversizePolicy {
  /**
   * Puts data elsewhere until the event has at most `maxBytes`, as `entryBytes` counts
   * them, or nothing is left that may be put elsewhere. The failure's code says whether
   * trying again can help: it may be called again for the same event.
   */
  shrink(event: SealedEvent, maxBytes: number): Promise<Shrunk>;
}

/** What a policy made of an event. A policy that throws has failed for an unknown reason. */
export async function shrinkEvent(
  policy: OversizePolicy,
  event: SealedEvent,
  maxBytes: number,
  maxRetryAfterMs: number,
): Promise<
  | { readonly ok: true; readonly event: SealedEvent }
  | { readonly ok: false; readonly failure: Failure }
> {
  const shrunk = await shrinkSafely(policy, event, maxBytes);
  if (shrunk.ok) return shrunk;
  const { code, message } = shrunk.failure;
  const retryAfterMs = boundedWait(shrunk.failure.retryAfterMs, maxRetryAfterMs);
  const kind = requestFailureKind(shrunk.failure);
  // Whatever happened, the bus has not seen the event yet.
  const mayHaveBeenAccepted = false;
  return {
    ok: false,
    failure: { kind, code, message, retryAfterMs, scope: 'request', mayHaveBeenAccepted },
  };
}

async function shrinkSafely(
  policy: OversizePolicy,
  event: SealedEvent,
  maxBytes: number,
): Promise<Shrunk> {
  try {
    return await policy.shrink(event, maxBytes);
  } catch (error) {
    const message = `The oversize policy ${describeThrown(error)}.`;
    return { ok: false, failure: { code: 'OversizePolicyError', status: undefined, message } };
  }
}
