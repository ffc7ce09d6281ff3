import type { Envelope, PublishableEvent, SealedEvent } from '@tidings/contract';
import { CaptureError } from './capture-error.ts';

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function checkEvent(what: string, value: unknown): PublishableEvent {
  if (isRecord(value) && typeof value.then === 'function') {
    throw new CaptureError(`${what} returned a promise: mappings are synchronous`);
  }
  const isEnvelope = isRecord(value) && isRecord(value.detail) && isRecord(value.detail.metadata);
  const isSealed = isRecord(value) && typeof value.detail === 'string';
  if (!isEnvelope && !isSealed) {
    throw new CaptureError(
      `${what} returned ${value === null ? 'null' : `a value of type ${typeof value}`} where an ` +
        "event belongs: make it with its contract's create",
    );
  }
  return value as unknown as PublishableEvent;
}

/** What a consumer that removes duplicates goes by: within one kind of event, the key. */
function identity(event: PublishableEvent): string {
  if (typeof event.detail === 'string') {
    const { source, detailType, eventId } = event as SealedEvent;
    return `${source} ${detailType} ${eventId}`;
  }
  const { metadata } = event.detail;
  const { source, 'detail-type': detailType } = event as Envelope;
  return `${source} ${detailType} ${metadata.version} ${metadata.idempotencyKey}`;
}

function checkDistinct(what: string, events: readonly PublishableEvent[]): void {
  if (events.length < 2) return;
  const seen = new Set<string>();
  for (const event of events) {
    const key = identity(event);
    if (seen.has(key)) {
      throw new CaptureError(
        `${what} returned two events of one kind with the same idempotencyKey, of which a ` +
          'consumer drops the second: give each a key of its own',
      );
    }
    seen.add(key);
  }
}

/**
 * What a mapping returned as a list of events.
 * @throws CaptureError where it is no event, or where two events pass for one.
 */
export function mappedEvents(what: string, returned: unknown): readonly PublishableEvent[] {
  if (returned === undefined) return [];
  if (!Array.isArray(returned)) return [checkEvent(what, returned)];
  const events = returned.flat().map((value) => checkEvent(what, value));
  checkDistinct(what, events);
  return events;
}
