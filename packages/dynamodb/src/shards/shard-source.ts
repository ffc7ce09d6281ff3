import { setMaxListeners } from 'node:events';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { ChangeGroup, ChangeSource, Checkpoint, Logger } from '@tidings/relay';
import { itemChange } from '../item-change.ts';
import type { StreamRecord } from '../stream-record.ts';
import { type Bounded, boundedRequest } from './bounded-request.ts';
import { checkpointTable, LeaseLost } from './checkpoint-table.ts';
import { groupQueue } from './group-queue.ts';
import { leaseOn } from './lease.ts';
import { readStream } from './read-stream.ts';
import type { ShardProgress } from './shard-lineage.ts';
import { resolveShardOptions, type ShardSourceOptions } from './shard-options.ts';
import { parsePosition } from './shard-position.ts';
import { streamApi } from './stream-api.ts';
import { verifyTables } from './verify-tables.ts';

/** Records that wait for the relay at most before shards are read no further. */
const MAX_WAITING_RECORDS = 2_000;

/**
 * Reads the stream of a table without Lambda, as the source of a relay:
 *
 * ```ts
 * export default defineRelay({
 *   source: shardSource({ tableName: 'shop', capture, checkpointTable: 'tidings' }),
 *   publisher,
 * });
 * ```
 *
 * Every change is delivered at least once and, for one item, in order: a shard is begun when
 * the one it was split from is read. A first start begins at the oldest record that the
 * stream has. Each shard is read at most four times a second. One process reads at a time;
 * others with the same `consumer` stand by. For development and small deployments: beyond
 * what one process carries, use `streamHandler` or a Pipe.
 * @throws ConfigurationError on options that cannot work.
 */
export function shardSource(options: ShardSourceOptions): ChangeSource<StreamRecord> {
  const settings = resolveShardOptions(options);
  const client = options.client ?? new DynamoDBClient({});
  const streams = options.streamsClient ?? new DynamoDBStreamsClient({});
  const { tableName } = settings;
  const closing = new AbortController();
  // As many requests listen as are under way.
  setMaxListeners(0, closing.signal);
  const bounded: Bounded = (request) =>
    boundedRequest(settings.requestTimeoutMs, closing.signal, request);
  const table = checkpointTable(client, {
    tableName: settings.checkpointTable,
    reader: `${settings.consumer}/${tableName}`,
    bounded,
  });
  const lease = leaseOn(table, settings.leaseMs);
  const api = streamApi(client, streams, bounded);
  /** What the checkpoint table says, under the term that lasts. */
  let stored = new Map<string, ShardProgress>();

  async function* read(
    signal: AbortSignal,
    logger: Logger,
  ): AsyncGenerator<readonly ChangeGroup<StreamRecord>[], void, undefined> {
    while (!signal.aborted) {
      const held = await lease.acquire(signal, logger);
      if (held === undefined) return;
      const queue = groupQueue<StreamRecord>(MAX_WAITING_RECORDS);
      const over = AbortSignal.any([signal, lease.lost, closing.signal]);
      const end = (): void => queue.end();
      if (over.aborted) end();
      else over.addEventListener('abort', end, { once: true });
      stored = new Map();
      const reading = readStream({
        settings,
        api,
        table,
        held,
        stored,
        queue,
        signal: over,
        logger,
      });
      reading.then(end, (error: unknown) => {
        // A lost lease is no reason to stop: this process stands by from now on.
        if (error instanceof LeaseLost) end();
        else queue.end(error);
      });
      for (let groups = await queue.take(); groups !== undefined; groups = await queue.take()) {
        yield groups;
      }
      // The next lease must not find this one's requests under way.
      if (!signal.aborted) await reading.catch(() => {});
    }
  }

  async function confirm(checkpoint: Checkpoint): Promise<void> {
    const { term, progress } = parsePosition(checkpoint);
    // What was read under a lease that is lost is another reader's affair.
    if (term !== lease.term) return;
    const changed = new Map([...progress].filter(([shard, at]) => stored.get(shard) !== at));
    if (changed.size === 0) return;
    await table.writeProgress(term, changed);
    for (const [shard, at] of changed) stored.set(shard, at);
  }

  return {
    name: `dynamodb stream of table "${tableName}"`,
    verify: () => verifyTables(client, settings, api, bounded),
    read,
    capture: (record) => settings.capture.capture(itemChange(record)),
    confirm,
    async close() {
      // A lease that cannot be let go runs out.
      await lease.release().catch(() => {});
      closing.abort();
      // A client that was passed in is its maker's to destroy.
      if (options.client === undefined) client.destroy();
      if (options.streamsClient === undefined) streams.destroy();
    },
  };
}
