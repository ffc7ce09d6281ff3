import type { EventJournal } from './event-journal.ts';
import type { RequestJournal } from './request-journal.ts';

/** The journals in numbers. */
export interface BusSummary {
  readonly requests: number;
  /** Entries of all requests that were not refused whole. */
  readonly entries: number;
  readonly accepted: number;
  /** How many different `detail.metadata.eventId` were accepted. */
  readonly distinct: number;
  /** How many events were accepted with an `eventId` that had been accepted before. */
  readonly duplicates: number;
  /** Entries that were answered with an id and that no bus has. */
  readonly lost: number;
}

export function summarize(requests: RequestJournal, events: EventJournal): BusSummary {
  return {
    requests: requests.counts.requests,
    entries: requests.counts.entries,
    accepted: events.accepted,
    distinct: events.occurrences.size,
    duplicates: events.identified - events.occurrences.size,
    lost: requests.counts.lost,
  };
}
