import { type DeadLetter, type PublishableEvent, type SealedEvent, seal } from '@tidings/contract';
import { fromTaggedJson, taggedJson } from './tagged-value.ts';

/** A letter as a store holds it. */
export interface ParkedLetter {
  readonly letter: DeadLetter;
  readonly parkedAt: Date;
}

/**
 * A letter as one line of JSON, whatever it holds. The event's detail stays the text that it
 * was, inside a string, so that no number is rewritten; what is no well-formed event, and a
 * change, are kept as values (`taggedJson`).
 */
export function deadLetterText(letter: DeadLetter, parkedAt: Date): string {
  const { event, change, code, reason, source, possiblyAccepted } = letter;
  const sealed = event === undefined ? undefined : sealedOf(event);
  const text = JSON.stringify({
    parkedAt: parkedAt.toISOString(),
    code: String(code),
    reason: String(reason),
    source: String(source),
    ...(possiblyAccepted !== undefined && { possiblyAccepted: possiblyAccepted === true }),
    ...(sealed !== undefined && { event: sealed }),
    ...(event !== undefined && sealed === undefined && { malformed: taggedJson(event) }),
    ...(change !== undefined && { change: taggedJson(change) }),
  });
  // The only characters that JSON leaves as they are and SQS refuses.
  return text.replace(/[\ufffe\uffff]/g, (each) => `\\u${each.charCodeAt(0).toString(16)}`);
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
  const written = value as Written;
  const { parkedAt, code, reason, source, possiblyAccepted } = written;
  if (typeof code !== 'string' || typeof reason !== 'string' || typeof source !== 'string') {
    return undefined;
  }
  const letter: DeadLetter = {
    code,
    reason,
    source,
    ...(typeof possiblyAccepted === 'boolean' && { possiblyAccepted }),
    ...(written.event !== undefined && { event: revive(written.event) }),
    ...('malformed' in written && { event: fromTaggedJson(written.malformed) as SealedEvent }),
    ...('change' in written && { change: fromTaggedJson(written.change) }),
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
  readonly malformed?: unknown;
  readonly change?: unknown;
}

/** A sealed event, its time as text. What is wrong with it is found when it is published. */
type WrittenEvent = Omit<SealedEvent, 'time' | 'orderingKey' | 'traceHeader'> & {
  readonly time: string;
  readonly orderingKey?: string;
  readonly traceHeader?: string;
};

/** The event sealed; undefined for what is none, such as an envelope that a program built wrong. */
function sealedOf(event: PublishableEvent): SealedEvent | undefined {
  try {
    if (typeof event.detail !== 'string') return seal(event as Exclude<typeof event, SealedEvent>);
    return isSealed(event as SealedEvent) ? (event as SealedEvent) : undefined;
  } catch {
    return undefined;
  }
}

/** True where JSON text of the event gives back all of it. */
function isSealed(event: SealedEvent): boolean {
  const { time, resources, orderingKey, traceHeader, ...texts } = event;
  const optional = [orderingKey, traceHeader].filter((each) => each !== undefined);
  return (
    time instanceof Date &&
    !Number.isNaN(time.getTime()) &&
    Array.isArray(resources) &&
    [...resources, ...optional, ...Object.values(texts)].every((each) => typeof each === 'string')
  );
}

function revive(event: WrittenEvent): SealedEvent {
  const { orderingKey, traceHeader } = event;
  return { ...event, time: new Date(event.time), orderingKey, traceHeader };
}
