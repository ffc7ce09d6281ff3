import { type DeadLetter, type PublishableEvent, type SealedEvent, seal } from '@tidings/contract';

/** A letter as a store holds it. */
export interface ParkedLetter {
  readonly letter: DeadLetter;
  readonly parkedAt: Date;
}

/**
 * A letter as one line of JSON. The event's detail stays the text that it was, inside a
 * string, so that no number is rewritten.
 */
export function deadLetterText(letter: DeadLetter, parkedAt: Date): string {
  const { event, change, code, reason, source, possiblyAccepted } = letter;
  return JSON.stringify(
    {
      parkedAt: parkedAt.toISOString(),
      code,
      reason,
      source,
      ...(possiblyAccepted !== undefined && { possiblyAccepted }),
      ...(event !== undefined && { event: sealedOf(event) }),
      ...(change !== undefined && { change }),
    },
    // A change may hold 64-bit integers.
    (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
  );
}

/** Reads a line; undefined for one that is no letter, such as one cut off by a crash. */
export function parseDeadLetter(text: string): ParkedLetter | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { parkedAt, code, reason, source, possiblyAccepted, event, change } = value as Written;
  if (typeof code !== 'string' || typeof reason !== 'string' || typeof source !== 'string') {
    return undefined;
  }
  const letter: DeadLetter = {
    code,
    reason,
    source,
    ...(possiblyAccepted === true && { possiblyAccepted }),
    ...(event !== undefined && { event: revive(event) }),
    ...(change !== undefined && { change }),
  };
  return { letter, parkedAt: new Date(String(parkedAt)) };
}

interface Written {
  readonly parkedAt?: unknown;
  readonly code?: unknown;
  readonly reason?: unknown;
  readonly source?: unknown;
  readonly possiblyAccepted?: unknown;
  readonly event?: WrittenEvent;
  readonly change?: unknown;
}

/** A sealed event, its time as text. What is wrong with it is found when it is published. */
type WrittenEvent = Omit<SealedEvent, 'time' | 'orderingKey' | 'traceHeader'> & {
  readonly time: string;
  readonly orderingKey?: string;
  readonly traceHeader?: string;
};

function sealedOf(event: PublishableEvent): SealedEvent {
  return 'eventId' in event ? event : seal(event);
}

function revive(event: WrittenEvent): SealedEvent {
  const { orderingKey, traceHeader } = event;
  return { ...event, time: new Date(event.time), orderingKey, traceHeader };
}
