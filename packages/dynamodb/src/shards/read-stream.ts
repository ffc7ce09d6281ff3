import { type Backoff, fullJitter } from '@tidings/contract';
import {
  type ChangeGroup,
  ConfigurationError,
  type Logger,
  RECORD_OVERHEAD_BYTES,
  reasonOf,
} from '@tidings/relay';
import type { StreamRecord } from '../stream-record.ts';
import type { CheckpointTable, LeaseItem } from './checkpoint-table.ts';
import type { GroupQueue } from './group-queue.ts';
import { readShard } from './read-shard.ts';
import {
  atEnd,
  atStart,
  forgettableShards,
  type ListedShard,
  lostShards,
  readyShards,
  type ShardLoss,
  type ShardProgress,
} from './shard-lineage.ts';
import type { ShardSettings } from './shard-options.ts';
import { formatPosition } from './shard-position.ts';
import type { StreamApi } from './stream-api.ts';

/** What reading a stream under one lease needs. */
export interface StreamReading {
  readonly settings: ShardSettings;
  readonly api: StreamApi;
  readonly table: CheckpointTable;
  readonly held: LeaseItem;
  /** Filled with the progress that is stored; the source keeps it up to date. */
  readonly stored: Map<string, ShardProgress>;
  readonly queue: GroupQueue<StreamRecord>;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** Records that a checkpoint moves over at once. */
const RECORDS_A_GROUP = 100;

const retry: Backoff = { baseMs: 500, capMs: 10_000 };

/**
 * Reads all shards of a table's stream under one lease, each when its turn has come, and
 * looks for new ones. Resolves once `signal` is aborted.
 * @throws ConfigurationError where records are gone, or the stream is, and a person decides.
 */
export async function readStream(reading: StreamReading): Promise<void> {
  const { settings, api, table, held, stored, queue, signal, logger } = reading;
  const { tableName } = settings;
  /** How far each shard is read, which says nothing about settlement. */
  const progress = new Map<string, ShardProgress>();
  const begun = new Set<string>();
  let failure: { readonly error: unknown } | undefined;
  let isDue = false;
  let wake: () => void = () => {};
  let timer: NodeJS.Timeout | undefined;

  function lookNow(): void {
    isDue = true;
    wake();
  }

  function report(loss: ShardLoss | string): void {
    const what =
      typeof loss === 'string'
        ? loss
        : `records of shard ${loss.shard} of table ${tableName} were trimmed before they were read (read up to: ${loss.after})`;
    if (settings.onLoss === 'continue') {
      logger.error({ table: tableName, ...(typeof loss === 'object' && loss) }, `LOSS: ${what}`);
      return;
    }
    throw new ConfigurationError(
      `${what}; their changes are not on the bus. Set onLoss: 'continue' to go on with what the stream still has`,
    );
  }

  async function onRead(
    shard: string,
    arn: string,
    records: readonly StreamRecord[],
    at: ShardProgress,
  ): Promise<void> {
    const groups: ChangeGroup<StreamRecord>[] = [];
    for (let first = 0; first < records.length; first += RECORDS_A_GROUP) {
      const piece = records.slice(first, first + RECORDS_A_GROUP);
      progress.set(shard, piece.at(-1)?.dynamodb?.SequenceNumber ?? atStart);
      groups.push({
        records: piece.map((record) => ({
          change: { ...record, eventSourceARN: arn },
          bytes: (record.dynamodb?.SizeBytes ?? 0) + RECORD_OVERHEAD_BYTES,
        })),
        position: formatPosition({ term: held.term, progress }),
      });
    }
    if (at === atEnd) {
      progress.set(shard, atEnd);
      groups.push({ records: [], position: formatPosition({ term: held.term, progress }) });
      logger.info({ shard }, 'a shard is read to its end');
      lookNow();
    }
    await queue.push(groups);
  }

  function begin(shard: string, arn: string): void {
    begun.add(shard);
    const after = progress.get(shard) ?? atStart;
    // Known from now on, so that its loss would be noticed.
    progress.set(shard, after);
    logger.info({ shard, after }, 'reading a shard');
    readShard({
      api,
      arn,
      shard,
      after,
      pollIntervalMs: settings.pollIntervalMs,
      signal,
      logger,
      onRead: (records, at) => onRead(shard, arn, records, at),
      onLoss: report,
    }).catch((error: unknown) => {
      failure ??= { error };
      lookNow();
    });
  }

  async function openStream(): Promise<string> {
    const stream = await api.tableStream(tableName);
    if (stream === undefined) {
      throw new ConfigurationError(
        `table ${tableName} has no stream: enable one with NEW_AND_OLD_IMAGES`,
      );
    }
    const { arn } = stream;
    for (const [shard, at] of await table.readProgress()) stored.set(shard, at);
    if (held.streamArn !== undefined && held.streamArn !== arn) {
      report(
        `table ${tableName} has another stream than the one that was read, ${held.streamArn}: what that one still held and what was written between the two is lost to this reader`,
      );
      await table.forget([...stored.keys()]);
      stored.clear();
    }
    if (held.streamArn !== arn) await table.adoptStream(held.term, arn);
    for (const [shard, at] of stored) progress.set(shard, at);
    return arn;
  }

  /** Begins what may be begun, and notes shards that are new. */
  async function discover(arn: string): Promise<void> {
    const { shards, isEnabled } = await api.shards(arn);
    for (const loss of lostShards(shards, stored)) {
      report(loss);
      await forget([loss.shard]);
    }
    await noteNewShards(shards);
    const ready = readyShards(shards, progress);
    for (const { id } of ready) if (!begun.has(id)) begin(id, arn);
    if (!isEnabled && [...stored.values()].every((at) => at === atEnd)) {
      throw new ConfigurationError(
        `the stream of table ${tableName} is disabled and read to its end: enable a stream again, and mind that nothing recorded the changes between`,
      );
    }
    await forget(forgettableShards(shards, stored));
  }

  async function forget(shards: readonly string[]): Promise<void> {
    await table.forget(shards);
    for (const id of shards) {
      stored.delete(id);
      progress.delete(id);
    }
  }

  async function noteNewShards(shards: readonly ListedShard[]): Promise<void> {
    const added = shards.filter(({ id }) => !stored.has(id));
    if (added.length === 0) return;
    const notes = new Map(added.map(({ id }) => [id, atStart] as const));
    await table.writeProgress(held.term, notes);
    for (const [id, at] of notes) stored.set(id, at);
  }

  async function untilNext(ms: number): Promise<void> {
    if (!isDue && !signal.aborted) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        timer = setTimeout(resolve, ms);
      });
      clearTimeout(timer);
    }
    isDue = false;
  }

  signal.addEventListener('abort', lookNow, { once: true });
  let arn: string | undefined;
  for (let failures = 0; !signal.aborted; ) {
    let waitMs = settings.discoverIntervalMs;
    try {
      arn ??= await openStream();
      await discover(arn);
      failures = 0;
    } catch (error) {
      if (error instanceof ConfigurationError || (error as Error).name === 'LeaseLost') throw error;
      if (signal.aborted) return;
      failures += 1;
      waitMs = fullJitter(retry, failures);
      const level = failures === 1 ? logger.warn : logger.debug;
      level.call(
        logger,
        { table: tableName, reason: reasonOf(error), failures },
        'the shards could not be listed; trying again',
      );
    }
    await untilNext(waitMs);
    if (failure !== undefined) throw failure.error;
  }
}
