import { createHash } from 'node:crypto';
import { type DeadLetter, type PublishableEvent, type SealedEvent, seal } from '@tidings/contract';
import { jsonMembers } from '../json-members.ts';
import { describedJson, exactJson, isStorableJson } from './json-text.ts';

/** A letter as it is written to the table. */
export interface LetterRow {
  readonly relay: string;
  /** The same for the same event or change: parked twice, it is one letter. */
  readonly letterKey: string;
  readonly event: string | undefined;
  readonly change: string | undefined;
  readonly code: string;
  readonly reason: string;
}

/** Longer ids and names would not fit into the index that keeps a letter one. */
const MAX_KEY_LENGTH = 200;

/**
 * Writes a letter down, whatever it holds. An event's detail stays the text that it was. What
 * JSON has no word for, such as a Set, is written for a person to read and is no event any
 * more: published again it would be another one.
 */
export function letterRowOf(letter: DeadLetter): LetterRow {
  const event = letter.event === undefined ? undefined : eventJson(letter.event);
  const change = event === undefined ? describedLetter(letter) : changeJson(letter.change);
  const reason = textOf(letter.reason);
  return {
    relay: textOf(letter.source).slice(0, MAX_KEY_LENGTH),
    letterKey: keyOf(letter.event) ?? digestOf(event ?? change ?? reason),
    event,
    change,
    code: textOf(letter.code),
    reason,
  };
}

function changeJson(change: unknown): string | undefined {
  return change === undefined ? undefined : describedJson(change);
}

/** The change, or the event that JSON cannot hold, or both. */
function describedLetter({ event, change }: DeadLetter): string | undefined {
  if (event === undefined) return changeJson(change);
  return describedJson(change === undefined ? event : { event, change });
}

/** Reads an event as it was parked, malformed where it was; undefined where there is none. */
export function storedEventOf(json: string | null): SealedEvent | undefined {
  if (json === null) return undefined;
  // Read here and not by the server, whose operators fail on a NUL anywhere in the text.
  const parsed = (JSON.parse(json) ?? {}) as {
    readonly source?: string;
    readonly 'detail-type'?: string;
    readonly time?: string;
    readonly resources?: readonly string[];
    readonly traceHeader?: string;
    readonly detail?: unknown;
  };
  const detail = textOfDetail(json);
  const metadata = metadataOf(parsed.detail ?? detail);
  return {
    source: parsed.source ?? '',
    detailType: parsed['detail-type'] ?? '',
    time: new Date(metadata?.occurredAt ?? parsed.time ?? Number.NaN),
    resources: parsed.resources ?? [],
    detail,
    eventId: metadata?.eventId ?? '',
    idempotencyKey: metadata?.idempotencyKey ?? '',
    orderingKey: metadata?.orderingKey,
    traceHeader: parsed.traceHeader,
  };
}

/** The detail as it was; where it was no JSON that Postgres takes, it was kept as a string. */
function textOfDetail(json: string): string {
  const member = json.startsWith('{')
    ? jsonMembers(json).find((each) => each.name === 'detail')
    : undefined;
  if (member === undefined) return '';
  const text = json.slice(member.valueFrom, member.to);
  return text.startsWith('"') ? (JSON.parse(text) as string) : text;
}

function metadataOf(detail: unknown): Readonly<Record<string, string>> | undefined {
  try {
    const parsed: unknown = typeof detail === 'string' ? JSON.parse(detail) : detail;
    return (parsed as { readonly metadata?: Readonly<Record<string, string>> } | null)?.metadata;
  } catch {
    return undefined;
  }
}

function isSealed(event: PublishableEvent): event is SealedEvent {
  return typeof event === 'object' && event !== null && 'detailType' in event;
}

/** The event's id, where it has one that can be a key. */
function keyOf(event: PublishableEvent | undefined): string | undefined {
  if (event === undefined || event === null) return undefined;
  try {
    const id = isSealed(event) ? event.eventId : event.detail?.metadata?.eventId;
    const fits = typeof id === 'string' && id !== '' && id.length <= MAX_KEY_LENGTH;
    return fits ? textOf(id) : undefined;
  } catch {
    return undefined;
  }
}

/** The event as JSON text, malformed where it was; undefined where JSON cannot hold it. */
function eventJson(event: PublishableEvent): string | undefined {
  try {
    const sealed = isSealed(event) ? event : sealedOrUndefined(event);
    if (sealed === undefined) return storable(exactJson(event));
    const { source, detailType, time, resources, traceHeader, detail } = sealed;
    const isTime = time instanceof Date && !Number.isNaN(time.getTime());
    const rest = exactJson({
      source,
      'detail-type': detailType,
      time: isTime ? time.toISOString() : null,
      resources,
      traceHeader,
    });
    if (rest === undefined) return undefined;
    const text = isStorableJson(detail) ? detail : exactJson(detail ?? null);
    return text === undefined ? undefined : `${rest.slice(0, -1)},"detail":${text}}`;
  } catch {
    return undefined;
  }
}

function storable(json: string | undefined): string | undefined {
  return json !== undefined && isStorableJson(json) ? json : undefined;
}

function sealedOrUndefined(event: PublishableEvent): SealedEvent | undefined {
  try {
    return seal(event as Exclude<PublishableEvent, SealedEvent>);
  } catch {
    return undefined;
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Postgres' text holds everything but the character NUL. */
function textOf(text: unknown): string {
  return String(text ?? '').replaceAll('\0', '\uFFFD');
}
