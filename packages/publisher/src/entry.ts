import type { SealedEvent } from '@tidings/contract';

/** One event on its way to one bus, measured once. */
export interface Entry {
  readonly eventBusName: string;
  readonly event: SealedEvent;
  /** Size as EventBridge counts it: see `entryBytes`. */
  readonly bytes: number;
}

/** What a `Time` counts, whatever its value. */
const TIME_BYTES = 14;

/**
 * Bytes that an event counts towards the limit of a PutEvents request: 14 for its
 * time, and the UTF-8 length of source, detail type, detail and each resource. The
 * bus name, the trace header and JSON's escaping on the wire are not counted.
 * Source: EventBridge user guide, "Calculating PutEvents event entry size".
 */
export function entryBytes(event: SealedEvent): number {
  let bytes =
    TIME_BYTES +
    Buffer.byteLength(event.source) +
    Buffer.byteLength(event.detailType) +
    Buffer.byteLength(event.detail);
  for (const resource of event.resources) bytes += Buffer.byteLength(resource);
  return bytes;
}

/** Measures an event for a bus. */
export function entryOf(event: SealedEvent, eventBusName: string): Entry {
  return { eventBusName, event, bytes: entryBytes(event) };
}
