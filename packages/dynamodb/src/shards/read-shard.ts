import { setTimeout as delay } from 'node:timers/promises';
import { type Backoff, fullJitter } from '@tidings/contract';
import { type Logger, reasonOf } from '@tidings/relay';
import type { StreamRecord } from '../stream-record.ts';
import { atEnd, atStart, type ShardLoss, type ShardProgress } from './shard-lineage.ts';
import type { StreamApi } from './stream-api.ts';

/** What reading one shard needs. */
export interface ShardReading {
  readonly api: StreamApi;
  readonly arn: string;
  readonly shard: string;
  readonly after: ShardProgress;
  readonly pollIntervalMs: number;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Takes what was read; resolves when more may be read. */
  onRead(records: readonly StreamRecord[], at: ShardProgress): Promise<void>;
  /** Reports records that are gone. @throws where reading must stop because of it. */
  onLoss(loss: ShardLoss): void;
}

const retry: Backoff = { baseMs: 250, capMs: 10_000 };

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/**
 * Reads a shard to its end, in order: resolves there, or once `signal` is aborted.
 *
 *   no iterator --GetShardIterator--> iterator --GetRecords--> iterator ... -> end
 *   iterator --expired--------------> no iterator, behind the last record
 *   either --trimmed----------------> no iterator, at the oldest record that is left
 *   either --any other failure------> the same again, after a pause
 * @throws what `onLoss` throws.
 */
export async function readShard(reading: ShardReading): Promise<void> {
  const { api, arn, shard, pollIntervalMs, signal, logger } = reading;
  let { after } = reading;
  let iterator: string | undefined;
  let failures = 0;
  let readAt = Number.NEGATIVE_INFINITY;

  async function pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal }).catch(() => {});
  }

  while (!signal.aborted) {
    try {
      iterator ??= await api.iterator(arn, shard, after);
      if (iterator === undefined) throw new Error('GetShardIterator answered without an iterator');
      const waitMs = readAt + pollIntervalMs - performance.now();
      if (waitMs > 0) await pause(waitMs);
      if (signal.aborted) return;
      readAt = performance.now();
      const { records, next } = await api.page(iterator);
      if (signal.aborted) return;
      failures = 0;
      iterator = next;
      after = next === undefined ? atEnd : (records.at(-1)?.dynamodb?.SequenceNumber ?? after);
      if (records.length > 0 || after === atEnd) await reading.onRead(records, after);
      if (after === atEnd) return;
    } catch (error) {
      if (signal.aborted) return;
      const name = nameOf(error);
      if (name === 'ExpiredIteratorException') {
        iterator = undefined;
        continue;
      }
      if (name === 'TrimmedDataAccessException') {
        reading.onLoss({ shard, after });
        iterator = undefined;
        after = atStart;
        continue;
      }
      failures += 1;
      const report = failures === 1 ? logger.warn : logger.debug;
      report.call(
        logger,
        { shard, reason: reasonOf(error), failures },
        'a shard could not be read; trying again',
      );
      await pause(fullJitter(retry, failures));
    }
  }
}
