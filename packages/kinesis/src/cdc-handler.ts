import {
  answerTime,
  type BatchRecord,
  failureFrom,
  type HandlerOptions,
  type HandlerSettings,
  type InvocationContext,
  resolveHandlerOptions,
  settleBatch,
} from '@tidings/relay';
import { capturePartition, type Tally } from './capture-partition.ts';
import { FEED_NAMES, type FeedOptions, resolveFeedOptions } from './feed-settings.ts';
import type { KafkaEvent, KinesisEvent } from './lambda-event.ts';
import type { Silent } from './message.ts';
import { type ItemIdentifier, partitionsOf } from './partition.ts';

/**
 * What a CDC handler is made of. `failures` is by default `report` for Kinesis, and `throw`
 * for Kafka, where only event source mappings in provisioned mode know
 * `ReportBatchItemFailures`.
 */
export interface CdcHandlerOptions extends HandlerOptions, FeedOptions {}

/** What Lambda reads where the event source mapping has `ReportBatchItemFailures`. */
export interface CdcResponse<Identifier extends ItemIdentifier = ItemIdentifier> {
  batchItemFailures: { itemIdentifier: Identifier }[];
}

/** A Lambda handler for event source mappings of Kinesis streams and Kafka topics. */
export interface CdcHandler {
  (event: KinesisEvent, context?: InvocationContext): Promise<CdcResponse<string>>;
  (
    event: KafkaEvent,
    context?: InvocationContext,
  ): Promise<CdcResponse<Exclude<ItemIdentifier, string>>>;
}

/** Records whose passing over may be somebody's mistake. */
const remarkable: readonly Silent[] = ['snapshot', 'truncate'];

function report({ silent }: Tally, { logger }: HandlerSettings): void {
  if (silent.size === 0) return;
  const level = remarkable.some((what) => silent.has(what)) ? 'warn' : 'info';
  logger[level](
    { ignored: Object.fromEntries(silent) },
    'passed over records that tell of no change of a row',
  );
}

/**
 * Makes the handler of a stream that Debezium or AWS DMS writes, on Kinesis or Kafka:
 *
 * ```ts
 * export const handler = cdcHandler({ capture, publisher, deadLetters });
 * ```
 *
 * Every record is settled (its events are accepted, or it is parked), or the answer names
 * the first of its shard or partition that is not, from which Lambda delivers again: nothing
 * is lost, and what comes twice has the same ids. The changes of one row are published one
 * after the other. Tombstones, heartbeats and the like are passed over and counted in a log
 * line.
 *
 * Rows have their columns' values as: decimals text, dates and times ISO 8601 text, bytes
 * Uint8Array, JSON parsed, integers beyond 2^53 bigint, where the records carry schemas;
 * without them, and from DMS, what JSON holds.
 * @throws ConfigurationError where an option is malformed; the handler rejects with one, and
 * publishes nothing, where a batch holds records of several feeds.
 */
export function cdcHandler(options: CdcHandlerOptions): CdcHandler {
  const settings = resolveHandlerOptions(options, FEED_NAMES);
  const feedSettings = resolveFeedOptions(options);

  async function handle(
    event: KinesisEvent | KafkaEvent,
    context?: InvocationContext,
  ): Promise<CdcResponse> {
    const { capture, publisher, deadLetters, logger, reserveMs } = settings;
    const partitions = partitionsOf(event);
    const failures = settings.failures ?? ('Records' in event ? 'report' : 'throw');
    const leftMs = answerTime(context, reserveMs);
    const tally: Tally = { feeds: new Set(), silent: new Map() };
    const batches = partitions.map((partition) =>
      capturePartition(partition, capture, feedSettings, tally, leftMs),
    );
    report(tally, settings);
    const settle = async (batch: readonly BatchRecord[]): Promise<number> => {
      const source = `${[...tally.feeds].join(', ') || 'cdc'} stream`;
      const answerWithinMs = leftMs();
      const limits = { publisher, deadLetters, logger, source, answerWithinMs };
      return (await settleBatch(batch, limits)) ?? batch.length;
    };
    const settled = await Promise.all(batches.map(settle));
    const unsettled = partitions.flatMap((partition, index) => {
      const first = settled[index] as number;
      return first === partition.length ? [] : [{ partition, first }];
    });
    if (unsettled.length === 0) return { batchItemFailures: [] };
    const missing = unsettled.reduce(
      (sum, { partition, first }) => sum + partition.length - first,
      0,
    );
    logger.error(
      { partitions: partitions.length, unsettledPartitions: unsettled.length, unsettled: missing },
      'a batch is not settled; Lambda delivers the rest of it again',
    );
    if (failures === 'throw') {
      throw new Error(`${missing} records of ${unsettled.length} partitions are not settled.`);
    }
    return {
      batchItemFailures: unsettled.map(({ partition, first }) =>
        failureFrom(partition.slice(0, first + 1).map(({ identifier }) => identifier)),
      ),
    };
  }
  return handle as CdcHandler;
}
