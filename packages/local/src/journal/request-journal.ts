import type { EntryRecord, RequestAnswer, RequestRecord } from './request-record.ts';

/** A record that is still being filled in. */
export type OpenRecord = { -readonly [K in keyof RequestRecord]: RequestRecord[K] };

/** Every request of the AWS protocol, with what became of it. */
export interface RequestJournal {
  readonly records: readonly RequestRecord[];
  readonly counts: { readonly requests: number; readonly entries: number; readonly lost: number };
  open(fields: Omit<RequestRecord, 'seq' | 'entries' | 'answer' | 'faultId'>): OpenRecord;
  /** Enters what was done with the entries. */
  settle(record: OpenRecord, entries: readonly EntryRecord[]): void;
  close(record: OpenRecord, answer: RequestAnswer): void;
  clear(): void;
}

/** @param keep False counts only. */
export function createRequestJournal(keep: boolean): RequestJournal {
  const records: RequestRecord[] = [];
  const counts = { requests: 0, entries: 0, lost: 0 };
  let seq = 0;
  return {
    records,
    counts,
    open(fields) {
      seq += 1;
      counts.requests += 1;
      const record: OpenRecord = {
        seq,
        ...fields,
        entries: [],
        answer: { kind: 'none' },
        faultId: undefined,
      };
      if (keep) records.push(record);
      return record;
    },
    settle(record, entries) {
      record.entries = entries;
      counts.entries += entries.length;
      for (const entry of entries) if (entry.dropped !== undefined) counts.lost += 1;
    },
    close(record, answer) {
      record.answer = answer;
    },
    clear() {
      records.length = 0;
      counts.requests = 0;
      counts.entries = 0;
      counts.lost = 0;
    },
  };
}
