import { nonPartnerBusNameOrArn, traceHeader } from './field-shapes.ts';
import { satisfies, violationsOf } from './input-shape.ts';
import { entrySize, type PutEventsEntry, wellTypedEntries } from './put-events-entry.ts';
import { ServiceError } from './service-error.ts';
import { validationError, violation } from './validation-error.ts';

const maxEntries = 10;
const maxResourceLength = 2048;

/**
 * The entries of a PutEvents input.
 * @throws ServiceError as the service does for what fails a request whole.
 */
export function readEntries(input: unknown, maxTotalBytes: number): readonly PutEventsEntry[] {
  const list = (input as { readonly Entries?: unknown } | null)?.Entries;
  if (list === undefined || list === null) {
    throw validationError([violation(null, 'entries', 'Member must not be null')]);
  }
  const entries = wellTypedEntries(input);
  if (entries === undefined) throw new ServiceError('SerializationException', '');
  const violations = entryViolations(entries);
  if (violations.length > 0) throw validationError(violations);
  let total = 0;
  for (const entry of entries) total += entrySize(entry);
  if (total > maxTotalBytes) {
    throw new ServiceError(
      'ValidationException',
      'Total size of the entries in the request is over the limit.',
    );
  }
  return entries;
}

/** What the service finds wrong with the lengths and forms of the entries, in its words. */
function entryViolations(entries: readonly PutEventsEntry[]): readonly string[] {
  const violations: string[] = [];
  if (entries.length === 0) {
    violations.push(
      violation('[]', 'entries', 'Member must have length greater than or equal to 1'),
    );
  }
  if (entries.length > maxEntries) {
    violations.push(
      violation(
        javaList(entries.map(javaText)),
        'entries',
        `Member must have length less than or equal to ${maxEntries}`,
      ),
    );
  }
  for (const [index, entry] of entries.entries()) {
    const { EventBusName, TraceHeader, Resources = [] } = entry;
    const path = `entries.${index + 1}.member`;
    for (const [number, resource] of Resources.entries()) {
      if (resource.length <= maxResourceLength) continue;
      violations.push(
        violation(
          resource,
          `${path}.resources.${number + 1}.member`,
          `Member must have length less than or equal to ${maxResourceLength}`,
        ),
      );
    }
    if (EventBusName !== undefined && !satisfies(nonPartnerBusNameOrArn, EventBusName)) {
      violations.push(
        ...violationsOf(nonPartnerBusNameOrArn, EventBusName, `${path}.eventBusName`),
      );
    }
    if (TraceHeader !== undefined && !satisfies(traceHeader, TraceHeader)) {
      violations.push(...violationsOf(traceHeader, TraceHeader, `${path}.traceHeader`));
    }
  }
  return violations;
}

/** An entry as the service writes it in a message. */
function javaText(entry: PutEventsEntry): string {
  const { Time, Source, Resources, DetailType, Detail, EventBusName, TraceHeader } = entry;
  const fields = {
    time: Time === undefined ? undefined : javaDate(Time * 1000),
    source: Source,
    resources: Resources === undefined ? undefined : javaList(Resources),
    detailType: DetailType,
    detail: Detail,
    eventBusName: EventBusName,
    traceHeader: TraceHeader,
    kmsKeyIdentifier: undefined,
    internalMetadata: undefined,
  };
  const told = Object.entries(fields).map(([name, value]) => `${name}=${value ?? null}`);
  return `PutEventsRequestEntry(${told.join(', ')})`;
}

function javaList(items: readonly string[]): string {
  return `[${items.join(', ')}]`;
}

/** For example `Sat Jan 01 00:00:00 UTC 2022`. */
function javaDate(ms: number): string {
  const [weekday = '', day, month, year, time] = new Date(ms).toUTCString().split(' ');
  return `${weekday.replace(',', '')} ${month} ${day} ${time} UTC ${year}`;
}
