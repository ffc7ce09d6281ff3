import { randomUUID } from 'node:crypto';
import type { AcceptedEvent, NewEvent } from '../accepted-event.ts';
import { policyRefusal } from '../estate/bus-policy.ts';
import type { Estate } from '../estate/estate.ts';
import type { EventBus } from '../estate/event-bus.ts';
import type { EntryRecord } from '../journal/request-record.ts';
import type { AwsScope } from './aws-scope.ts';
import { type BusAddress, busAddress } from './bus-address.ts';
import { checkEntry, type EntryError, type PutEventsEntry } from './put-events-entry.ts';

/** What PutEvents answers for an entry. */
export type PutEventsResultEntry =
  | { readonly EventId: string }
  | { readonly ErrorCode: string; readonly ErrorMessage: string };

/** What PutEvents answers. */
export interface PutEventsOutput {
  readonly FailedEntryCount: number;
  readonly Entries: readonly PutEventsResultEntry[];
}

/** The bus as PutEvents needs it. */
export interface PutEventsBus {
  readonly estate: Estate;
  readonly options: { readonly organization: string | undefined };
  readonly now: () => number;
  readonly unknownBuses: { count(address: BusAddress): void };
  /** Takes the event in and routes it. */
  accept(fields: NewEvent, bus: EventBus): AcceptedEvent;
}

/** One PutEvents, with what the faults say of its entries. */
export interface PutEventsCall {
  readonly entries: readonly PutEventsEntry[];
  readonly scope: AwsScope;
  readonly requestSeq: number;
  /** Of the request, for entries without one. */
  readonly traceHeader: string | undefined;
  readonly errors: ReadonlyMap<number, EntryError>;
  readonly dropped: ReadonlySet<number>;
}

/** What the name of a bus means in a request; mostly the same in all entries. */
interface NamedBus {
  readonly address: BusAddress;
  readonly found: EventBus | undefined;
}

/**
 * Commits what can be committed, in order, entry by entry. A bus that does not exist
 * takes its events and drops them, as the service does.
 */
export function putEvents(
  bus: PutEventsBus,
  call: PutEventsCall,
): { readonly output: PutEventsOutput; readonly records: readonly EntryRecord[] } {
  const results: PutEventsResultEntry[] = [];
  const records: EntryRecord[] = [];
  let failed = 0;
  const named = new Map<string | undefined, NamedBus>();
  for (const [index, entry] of call.entries.entries()) {
    let destination = named.get(entry.EventBusName);
    if (destination === undefined) {
      const address = busAddress(entry.EventBusName, call.scope);
      destination = { address, found: bus.estate.bus(address) };
      named.set(entry.EventBusName, destination);
    }
    const { address, found } = destination;
    const checked = checkEntry(entry);
    const error =
      'error' in checked
        ? checked.error
        : (refusalOf(bus, found, entry, call) ?? call.errors.get(index));
    if (error !== undefined || 'error' in checked) {
      const { code, message } = error ?? { code: '', message: '' };
      failed += 1;
      results.push({ ErrorCode: code, ErrorMessage: message });
      records.push(record(entry, address, { errorCode: code }));
      continue;
    }
    const id = randomUUID();
    results.push({ EventId: id });
    const dropped = call.dropped.has(index)
      ? 'silent-drop'
      : found === undefined
        ? 'no-such-bus'
        : undefined;
    records.push(record(entry, address, { id, dropped }));
    if (dropped === 'no-such-bus') bus.unknownBuses.count(address);
    if (dropped !== undefined || found === undefined) continue;
    const metadata = checked.detail.metadata as Record<string, unknown> | null | undefined;
    const acceptedAt = bus.now();
    bus.accept(
      {
        id,
        bus: found.name,
        busArn: found.arn,
        account: call.scope.account,
        region: found.region,
        source: entry.Source ?? '',
        detailType: entry.DetailType ?? '',
        time: entry.Time == null ? acceptedAt : entry.Time * 1000,
        resources: entry.Resources ?? [],
        detail: entry.Detail ?? '',
        eventId: textIn(metadata, 'eventId'),
        idempotencyKey: textIn(metadata, 'idempotencyKey'),
        acceptedAt,
        requestSeq: call.requestSeq,
        entryIndex: index,
        replayName: undefined,
        forwardedBy: undefined,
        traceHeader: entry.TraceHeader ?? call.traceHeader,
      },
      found,
    );
  }
  return { output: { FailedEntryCount: failed, Entries: results }, records };
}

/** A bus of another account takes an event only where its policy says so. */
function refusalOf(
  bus: PutEventsBus,
  found: EventBus | undefined,
  entry: PutEventsEntry,
  call: PutEventsCall,
): EntryError | undefined {
  if (found === undefined || found.account === call.scope.account) return undefined;
  return policyRefusal(found.policy.values(), {
    account: call.scope.account,
    organization: bus.options.organization,
    source: entry.Source ?? '',
    detailType: entry.DetailType ?? '',
  });
}

function textIn(
  metadata: Record<string, unknown> | null | undefined,
  key: string,
): string | undefined {
  const value = typeof metadata === 'object' && metadata !== null ? metadata[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function record(
  entry: PutEventsEntry,
  address: BusAddress,
  outcome: Partial<Pick<EntryRecord, 'id' | 'errorCode' | 'dropped'>>,
): EntryRecord {
  return {
    bus: address.name,
    source: entry.Source,
    detailType: entry.DetailType,
    detail: entry.Detail,
    committed: outcome.id !== undefined && outcome.dropped === undefined,
    id: outcome.id,
    errorCode: outcome.errorCode,
    dropped: outcome.dropped,
  };
}
