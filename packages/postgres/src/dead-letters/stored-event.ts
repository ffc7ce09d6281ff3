import { createHash } from 'node:crypto';
import { type DeadLetter, type PublishableEvent, type SealedEvent, seal } from '@tidings/contract';
import { jsonMembers } from '../json-members.ts';

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

/** Writes a letter down. The event's detail stays the text that it was. */
export function letterRowOf(letter: DeadLetter): LetterRow {
  const event = letter.event === undefined ? undefined : eventJson(letter.event);
  const change = letter.change === undefined ? undefined : jsonOf(letter.change);
  return {
    relay: textOf(letter.source),
    letterKey: textOf(eventIdOf(letter.event) ?? digestOf(event ?? change ?? letter.reason)),
    event,
    change,
    code: textOf(letter.code),
    reason: textOf(letter.reason),
  };
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
    readonly detail?: { readonly metadata?: Readonly<Record<string, string>> };
  };
  const metadata = parsed.detail?.metadata;
  return {
    source: parsed.source ?? '',
    detailType: parsed['detail-type'] ?? '',
    time: new Date(metadata?.occurredAt ?? parsed.time ?? Number.NaN),
    resources: parsed.resources ?? [],
    detail: memberText(json, 'detail') ?? '',
    eventId: metadata?.eventId ?? '',
    idempotencyKey: metadata?.idempotencyKey ?? '',
    orderingKey: metadata?.orderingKey,
    traceHeader: parsed.traceHeader,
  };
}

function memberText(json: string, name: string): string | undefined {
  if (!json.startsWith('{')) return undefined;
  const member = jsonMembers(json).find((each) => each.name === name);
  return member === undefined ? undefined : json.slice(member.valueFrom, member.to);
}

function isSealed(event: PublishableEvent): event is SealedEvent {
  return typeof event === 'object' && event !== null && 'detailType' in event;
}

function eventIdOf(event: PublishableEvent | undefined): string | undefined {
  if (event === undefined || event === null) return undefined;
  const id = isSealed(event) ? event.eventId : event.detail?.metadata?.eventId;
  return typeof id === 'string' && id !== '' ? id : undefined;
}

/** The event as JSON text; what cannot be sealed, because it is malformed, as it is. */
function eventJson(event: PublishableEvent): string {
  const sealed = isSealed(event) ? event : sealedOrUndefined(event);
  if (sealed === undefined) return jsonOf(event);
  const rest = jsonOf({
    source: sealed.source,
    'detail-type': sealed.detailType,
    time: sealed.time,
    resources: sealed.resources,
    traceHeader: sealed.traceHeader,
  });
  return `${rest.slice(0, -1)},"detail":${isJson(sealed.detail) ? sealed.detail : jsonOf(sealed.detail)}}`;
}

function sealedOrUndefined(event: PublishableEvent): SealedEvent | undefined {
  try {
    return seal(event as Exclude<PublishableEvent, SealedEvent>);
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON of anything: a letter must be kept whatever is in it. */
function jsonOf(value: unknown): string {
  try {
    return (
      JSON.stringify(value, (_, each: unknown) => {
        if (typeof each === 'bigint') return String(each);
        if (each instanceof Set) return [...each];
        if (each instanceof Map) return Object.fromEntries(each);
        if (each instanceof Uint8Array) return Buffer.from(each).toString('base64');
        return each;
      }) ?? 'null'
    );
  } catch (error) {
    return JSON.stringify(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Postgres' text holds everything but the character NUL. */
function textOf(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}
