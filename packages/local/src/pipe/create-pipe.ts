import type { Clock } from '../clock.ts';
import type { PutEventsOutput } from '../protocol/put-events.ts';
import type { PutEventsEntry } from '../protocol/put-events-entry.ts';
import { batchRecords, type RecordPages } from './batch-records.ts';
import { pipeEntries } from './pipe-entries.ts';
import { type PipeOptions, type PipeRecord, resolvePipeOptions } from './pipe-options.ts';

/** What a pipe did. */
export interface PipeCounts {
  readonly received: number;
  /** Records that no filter pattern matched: checkpointed and gone. */
  readonly filtered: number;
  readonly enrichments: number;
  readonly retries: number;
  /** Entries that the bus accepted, those of failed batches too: they are duplicates later. */
  readonly accepted: number;
  readonly deadLettered: number;
}

/** A model of an EventBridge Pipe from a stream to a bus. */
export interface Pipe {
  readonly counts: PipeCounts;
  /**
   * Carries the records of one shard until its pages end or `signal` aborts. Shards may
   * run side by side; within one a batch is settled before the next begins, so that a
   * poison batch blocks its shard.
   */
  run(pages: RecordPages, signal?: AbortSignal): Promise<void>;
}

/**
 * Stream -> filter -> batch -> enrichment -> dynamic paths -> bus, with the service's
 * limits and traps: an answer of more than ten payloads never reaches the bus, a batch
 * that fails in part goes through the enrichment again, as a whole or the rest of it,
 * retries are endless unless they are bounded.
 * @throws Error that names the option, its bound and the value.
 */
export function createPipe(options: PipeOptions): Pipe {
  const settings = resolvePipeOptions(options);
  const { clock, target } = settings;
  const counts = {
    received: 0,
    filtered: 0,
    enrichments: 0,
    retries: 0,
    accepted: 0,
    deadLettered: 0,
  };

  const attempt = async (records: readonly PipeRecord[]): Promise<void> => {
    counts.enrichments += 1;
    const { entries, recordIds } = pipeEntries(await settings.enrichment(records), target);
    if (entries.length === 0) return;
    const output = await putEntries(target.endpoint, entries);
    counts.accepted += entries.length - output.FailedEntryCount;
    if (output.FailedEntryCount > 0) {
      const failed = output.Entries.find((entry) => 'ErrorCode' in entry);
      const owed = output.Entries.flatMap((entry, index) =>
        'ErrorCode' in entry ? [recordIds[index]] : [],
      );
      throw new PartialFailure(
        `${output.FailedEntryCount} entries failed: ${JSON.stringify(failed)}`,
        settings.retries === 'remainder' ? remainderOf(records, owed) : records,
      );
    }
  };

  const settle = async (
    batch: readonly PipeRecord[],
    since: number,
    attempts: number,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    let records = batch;
    for (let tried = attempts; !signal?.aborted; tried += 1) {
      try {
        return await attempt(records);
      } catch (error) {
        if (error instanceof PartialFailure) records = error.remainder;
        const condition = exhausted(tried, since);
        if (condition !== undefined) {
          counts.deadLettered += records.length;
          const message = error instanceof Error ? error.message : String(error);
          return settings.onDeadLetter({ records, condition, error: message });
        }
      }
      counts.retries += 1;
      await pause(settings.retryDelayMs, clock, signal);
      if (settings.bisects && records.length > 1) {
        const half = Math.ceil(records.length / 2);
        await settle(records.slice(0, half), since, tried + 1, signal);
        return await settle(records.slice(half), since, tried + 1, signal);
      }
    }
  };

  const exhausted = (
    retries: number,
    since: number,
  ): 'RetryAttemptsExhausted' | 'RecordAgeExceeded' | undefined => {
    const { maximumRetryAttempts: attempts, maximumRecordAgeSeconds: age } = settings;
    if (attempts !== -1 && retries >= attempts) return 'RetryAttemptsExhausted';
    if (age !== -1 && clock.now() - since > age * 1000) return 'RecordAgeExceeded';
    return undefined;
  };

  return {
    counts,
    async run(pages, signal) {
      const batches = batchRecords(pages, settings.batchSize, settings.batchWindowMs, clock);
      for await (const batch of batches) {
        if (signal?.aborted) return;
        const wanted = batch.filter(settings.isWanted);
        counts.received += batch.length;
        counts.filtered += batch.length - wanted.length;
        if (wanted.length > 0) await settle(wanted, clock.now(), 0, signal);
      }
    },
  };
}

function pause(ms: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal?.addEventListener('abort', end);
  });
}

/** Some entries of a batch failed. */
class PartialFailure extends Error {
  /** The records that go through the pipe again. */
  readonly remainder: readonly PipeRecord[];

  constructor(message: string, remainder: readonly PipeRecord[]) {
    super(message);
    this.remainder = remainder;
  }
}

/** The records that failed entries name; all of them where one entry names none. */
function remainderOf(
  records: readonly PipeRecord[],
  owed: readonly (string | undefined)[],
): readonly PipeRecord[] {
  const remainder = records.filter(({ eventID }) => owed.includes(eventID as string));
  const isTold = owed.every((id) => remainder.some(({ eventID }) => eventID === id));
  return isTold ? remainder : records;
}

/** @throws Error where the request failed whole. */
async function putEntries(
  endpoint: string,
  entries: readonly PutEventsEntry[],
): Promise<PutEventsOutput> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': 'AWSEvents.PutEvents',
    },
    body: JSON.stringify({ Entries: entries }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`PutEvents answered ${response.status}: ${text}`);
  const output = JSON.parse(text) as PutEventsOutput;
  if (output.Entries?.length !== entries.length) {
    throw new Error('PutEvents answered with another number of entries.');
  }
  return output;
}
