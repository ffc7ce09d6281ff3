import type { EntryRecord, RequestRecord } from './request-record.ts';

/** An entry that its sender must take for accepted although no bus has it. */
export interface LostEntry extends EntryRecord {
  readonly requestSeq: number;
  readonly entryIndex: number;
}

/** Entries that were given an id and never committed: success reported, event lost. */
export function lostEntries(records: readonly RequestRecord[]): readonly LostEntry[] {
  return records.flatMap((record) =>
    record.entries.flatMap((entry, entryIndex) =>
      entry.dropped === undefined ? [] : [{ ...entry, requestSeq: record.seq, entryIndex }],
    ),
  );
}
