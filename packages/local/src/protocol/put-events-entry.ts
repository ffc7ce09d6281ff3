import { isDeeperThan } from './nesting-depth.ts';
import { ServiceError } from './service-error.ts';

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

const maxEntries = 10;
const maxDetailTypeLength = 128;
/** Levels that the service processes; what it says beyond is not documented. */
const maxNesting = 1000;
/** Seconds since 1970 that a date can hold. */
const maxSeconds = 8_640_000_000_000;

/**
 * The entries of a PutEvents input.
 * @throws ServiceError as the service does for what fails a request whole.
 */
export function readEntries(input: unknown, maxTotalBytes: number): readonly PutEventsEntry[] {
  const entries = (input as { readonly Entries?: unknown } | null)?.Entries;
  if (entries === undefined || entries === null) {
    throw new ServiceError(
      'ValidationException',
      "1 validation error detected: Value null at 'entries' failed to satisfy constraint: Member must not be null",
    );
  }
  if (!Array.isArray(entries)) throw new ServiceError('SerializationException', '');
  for (const entry of entries) checkShape(entry);
  if (entries.length === 0) {
    throw invalid('[]', 'Member must have length greater than or equal to 1');
  }
  if (entries.length > maxEntries) {
    throw invalid(
      '[PutEventsRequestEntry]',
      `Member must have length less than or equal to ${maxEntries}`,
    );
  }
  let total = 0;
  for (const entry of entries as readonly PutEventsEntry[]) total += entrySize(entry);
  if (total > maxTotalBytes) {
    throw new ServiceError(
      'ValidationException',
      'Total size of the entries in the request is over the limit.',
    );
  }
  return entries as readonly PutEventsEntry[];
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

function invalid(value: string, constraint: string): ServiceError {
  return new ServiceError(
    'ValidationException',
    `1 validation error detected: Value '${value}' at 'entries' failed to satisfy constraint: ${constraint}`,
  );
}

function checkShape(entry: unknown): void {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw new ServiceError('SerializationException', '');
  }
  for (const [name, value] of Object.entries(entry)) {
    if (value === null) continue;
    const fits =
      name === 'Time'
        ? typeof value === 'number' && Math.abs(value) <= maxSeconds
        : name === 'Resources'
          ? Array.isArray(value) && value.every((item) => typeof item === 'string')
          : typeof value === 'string';
    if (!fits) throw new ServiceError('SerializationException', '');
  }
}
