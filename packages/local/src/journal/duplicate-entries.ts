import { createHash } from 'node:crypto';
import type { RequestRecord } from './request-record.ts';

/** One of the times that a payload was committed. */
export interface Occurrence {
  /** The id that the bus gave it this time. */
  readonly id: string;
  readonly requestSeq: number;
  readonly entryIndex: number;
  /** The SDK's invocation id and attempt. */
  readonly invocation: string | undefined;
  readonly attempt: number;
}

/** A payload that was committed more than once. */
export interface DuplicateEntry {
  readonly source: string | undefined;
  readonly detailType: string | undefined;
  /** SHA-256 of bus, source, detail type and detail. */
  readonly payloadHash: string;
  /** In the order of arrival. */
  readonly occurrences: readonly Occurrence[];
  /**
   * `sdk-retry` where all are attempts of one call: the SDK sent it again, below the
   * producer. `resend` where the producer did.
   */
  readonly cause: 'sdk-retry' | 'resend';
}

/** Committed entries with the same payload. The bus itself never deduplicates. */
export function duplicateEntries(records: readonly RequestRecord[]): readonly DuplicateEntry[] {
  const groups = new Map<string, DuplicateEntry & { readonly occurrences: Occurrence[] }>();
  for (const record of records) {
    for (const [entryIndex, entry] of record.entries.entries()) {
      if (!entry.committed || entry.id === undefined) continue;
      const { source, detailType } = entry;
      const payloadHash = createHash('sha256')
        .update(JSON.stringify([entry.bus, source, detailType, entry.detail]))
        .digest('hex');
      const found = groups.get(payloadHash) ?? {
        source,
        detailType,
        payloadHash,
        occurrences: [],
        cause: 'sdk-retry',
      };
      const { seq: requestSeq, invocation, attempt } = record;
      found.occurrences.push({ id: entry.id, requestSeq, entryIndex, invocation, attempt });
      groups.set(payloadHash, found);
    }
  }
  return [...groups.values()]
    .filter(({ occurrences }) => occurrences.length > 1)
    .map((group) => {
      const calls = new Set(
        group.occurrences.map(({ invocation, requestSeq, entryIndex }) =>
          [invocation ?? requestSeq, entryIndex].join(' '),
        ),
      );
      return { ...group, cause: calls.size === 1 ? 'sdk-retry' : 'resend' };
    });
}
