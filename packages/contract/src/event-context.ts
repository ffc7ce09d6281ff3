import { AsyncLocalStorage } from 'node:async_hooks';
import { checkDetail } from './check-envelope.ts';
import { ContractError } from './contract-error.ts';
import type { EnvelopeMetadata, Producer } from './envelope.ts';

/** What events that are made together share. */
export interface EventContext {
  /** Ties together all events of one business operation. */
  readonly correlationId?: string;
  /** `eventId` of the event that caused what is made here. */
  readonly causationId?: string;
  /** W3C Trace Context header. Default: OpenTelemetry's active span. */
  readonly traceparent?: string;
  readonly producer?: Producer;
}

const storage = new AsyncLocalStorage<EventContext>();
const nothing: EventContext = Object.freeze({});

/**
 * Runs a function in a context: every event that is made inside, also after an `await`,
 * carries it unless `create` is told otherwise. A context inside another adds to it.
 */
export function withContext<Result>(context: EventContext, run: () => Result): Result {
  return storage.run(Object.freeze({ ...storage.getStore(), ...context }), run);
}

/** The context that the caller runs in; empty outside of `withContext`. */
export function currentContext(): EventContext {
  return storage.getStore() ?? nothing;
}

/**
 * The context of what an event causes: its id as `causationId`, and its `correlationId`,
 * or its id where it has none and so begins the operation. Takes an envelope or an event as
 * EventBridge delivers it. Spread it into `create`'s options, or run a whole handler in it:
 * `withContext(causedBy(event), () => …)`.
 * @throws ContractError where the event has no metadata of Tidings.
 */
export function causedBy(event: {
  readonly detail: unknown;
}): Required<Pick<EventContext, 'correlationId' | 'causationId'>> {
  if (typeof event !== 'object' || event === null) {
    throw new ContractError('causedBy needs an event: pass the envelope or the delivered event');
  }
  checkDetail(event.detail);
  const { eventId, correlationId } = (event.detail as { metadata: EnvelopeMetadata }).metadata;
  return { correlationId: correlationId ?? eventId, causationId: eventId };
}
