import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { optionBounds } from '@tidings/contract';
import { ConfigurationError } from '@tidings/relay';
import type { ItemCapture } from '../capture-items.ts';

/** Settings of a source that reads the shards of a table's stream. */
export interface ShardSourceOptions {
  /** Table whose stream is read. */
  readonly tableName: string;
  readonly capture: ItemCapture;
  /** Table that keeps positions and the lease; `createCheckpointTable` makes one. */
  readonly checkpointTable: string;
  /**
   * Names this reader of the table among others in the same checkpoint table; each has its
   * own positions. Default `relay`.
   */
  readonly consumer?: string;
  /**
   * What to do about records that were trimmed, 24 hours after their writing, before they
   * were read. `stop`, the default, ends the relay with a sentence that says what is gone;
   * `continue` reports it as an error and goes on with what is left.
   */
  readonly onLoss?: 'stop' | 'continue';
  /** Milliseconds between two reads of one shard, at least 250. Default 250. */
  readonly pollIntervalMs?: number;
  /** Milliseconds between two looks for new shards, at least 1,000. Default 10,000. */
  readonly discoverIntervalMs?: number;
  /**
   * Milliseconds after which another reader takes over from one that is silent. Default
   * 10,000.
   */
  readonly leaseMs?: number;
  /** Milliseconds until a request without an answer is aborted. Default 10,000. */
  readonly requestTimeoutMs?: number;
  /** Default: one made from the environment. */
  readonly client?: DynamoDBClient;
  /** Default: one made from the environment. */
  readonly streamsClient?: DynamoDBStreamsClient;
}

/** `ShardSourceOptions` with every field present, but for clients that are made later. */
export type ShardSettings = Required<Omit<ShardSourceOptions, 'client' | 'streamsClient'>>;

const NAMES: Record<keyof ShardSourceOptions, true> = {
  tableName: true,
  capture: true,
  checkpointTable: true,
  consumer: true,
  onLoss: true,
  pollIntervalMs: true,
  discoverIntervalMs: true,
  leaseMs: true,
  requestTimeoutMs: true,
  client: true,
  streamsClient: true,
};

const { known, milliseconds, oneOf } = optionBounds(ConfigurationError);

/**
 * Checks options and fills in defaults.
 * @throws ConfigurationError that names the option, its bound and the value given.
 */
export function resolveShardOptions(options: ShardSourceOptions): ShardSettings {
  known('shardSource', options, NAMES);
  const settings: ShardSettings = {
    tableName: options.tableName,
    capture: options.capture,
    checkpointTable: options.checkpointTable,
    consumer: options.consumer ?? 'relay',
    onLoss: options.onLoss ?? 'stop',
    pollIntervalMs: options.pollIntervalMs ?? 250,
    discoverIntervalMs: options.discoverIntervalMs ?? 10_000,
    leaseMs: options.leaseMs ?? 10_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
  };
  for (const name of ['tableName', 'checkpointTable', 'consumer'] as const) {
    if (typeof settings[name] !== 'string' || settings[name] === '') {
      throw new ConfigurationError(`${name} must be a string that is not empty`);
    }
  }
  if (typeof settings.capture?.capture !== 'function') {
    throw new ConfigurationError('capture must be one such as captureItems({ … })');
  }
  oneOf('onLoss', settings.onLoss, ['stop', 'continue']);
  // A shard takes two readers, and this one must leave the other its part.
  milliseconds('pollIntervalMs', settings.pollIntervalMs, 250);
  milliseconds('discoverIntervalMs', settings.discoverIntervalMs, 1_000);
  milliseconds('leaseMs', settings.leaseMs, 300);
  milliseconds('requestTimeoutMs', settings.requestTimeoutMs, 1);
  return Object.freeze(settings);
}
