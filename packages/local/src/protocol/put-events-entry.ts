import { isDeeperThan } from './nesting-depth.ts';

/** One entry of a PutEvents request, as it came over the wire. */
export interface PutEventsEntry {
  readonly EventBusName?: string;
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly Resources?: readonly string[];
  /** Seconds since 1970, with a fraction. */
  readonly Time?: number;
  readonly TraceHeader?: string;
}

/** Why the service refuses an entry while it takes others of the same request. */
export interface EntryError {
  readonly code: string;
  readonly message: string;
}

/** Levels that the service processes; what it says beyond is not documented. */
const maxNesting = 1000;
/** Seconds since 1970 that a date can hold. */
const maxSeconds = 8_640_000_000_000;
const maxDetailTypeLength = 128;

/**
 * The entries where each is an object whose fields have the types of the service's model,
 * else undefined. A field that is null is left out.
 */
export function wellTypedEntries(input: unknown): readonly PutEventsEntry[] | undefined {
  const entries = (input as { readonly Entries?: unknown } | null)?.Entries;
  if (!Array.isArray(entries)) return undefined;
  const typed: PutEventsEntry[] = [];
  for (const entry of entries) {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return undefined;
    let hasNull = false;
    for (const [name, fits] of fieldTypes) {
      const value: unknown = entry[name];
      if (value === undefined) continue;
      if (value === null) hasNull = true;
      else if (!fits(value)) return undefined;
    }
    typed.push(hasNull ? withoutNulls(entry) : entry);
  }
  return typed;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const fieldTypes: readonly (readonly [keyof PutEventsEntry, (value: unknown) => boolean])[] = [
  ['EventBusName', isText],
  ['Source', isText],
  ['DetailType', isText],
  ['Detail', isText],
  ['TraceHeader', isText],
  ['Resources', (value) => Array.isArray(value) && value.every(isText)],
  ['Time', (value) => typeof value === 'number' && Math.abs(value) <= maxSeconds],
];

function withoutNulls(entry: object): PutEventsEntry {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null));
}

/** The documented size of an entry: what the limit of a request adds up. */
export function entrySize(entry: PutEventsEntry): number {
  let size = entry.Time == null ? 0 : 14;
  size += Buffer.byteLength(entry.Source ?? '');
  size += Buffer.byteLength(entry.DetailType ?? '');
  size += Buffer.byteLength(entry.Detail ?? '');
  for (const resource of entry.Resources ?? []) size += Buffer.byteLength(resource);
  return size;
}

/**
 * Why the service would refuse this entry, or the parsed detail where it takes it.
 * Beyond 128 characters a detail type is refused; that limit is documented, its
 * message is not.
 */
export function checkEntry(
  entry: PutEventsEntry,
): { readonly error: EntryError } | { readonly detail: Record<string, unknown> } {
  for (const field of ['Source', 'DetailType', 'Detail'] as const) {
    if (entry[field] === undefined || entry[field] === null || entry[field] === '') {
      return refuse(
        'InvalidArgument',
        `Parameter ${field} is not valid. Reason: ${field} is a required argument.`,
      );
    }
  }
  if ((entry.DetailType ?? '').length > maxDetailTypeLength) {
    return refuse(
      'InvalidArgument',
      `Parameter DetailType is not valid. Reason: DetailType must be at most ${maxDetailTypeLength} characters.`,
    );
  }
  if (entry.Source === 'aws' || entry.Source?.startsWith('aws.')) {
    return refuse('NotAuthorizedForSourceException', 'Not authorized for the source.');
  }
  try {
    const text = entry.Detail ?? '';
    if (isDeeperThan(maxNesting, text)) return refuse('MalformedDetail', 'Detail is malformed.');
    const detail: unknown = JSON.parse(text);
    if (typeof detail === 'object' && detail !== null && !Array.isArray(detail)) {
      return { detail: detail as Record<string, unknown> };
    }
  } catch {
    // Falls through to the same answer as JSON that is not an object.
  }
  return refuse('MalformedDetail', 'Detail is malformed.');
}

function refuse(code: string, message: string): { readonly error: EntryError } {
  return { error: { code, message } };
}
