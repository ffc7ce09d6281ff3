import { defineEvent } from '@tidings/contract';
import { captureItems, rowEntity, type StreamRecord } from '@tidings/dynamodb';
import { type ShardSourceOptions, shardSource } from '@tidings/dynamodb/shards';
import type { ChangeSource } from '@tidings/relay';
import { z } from 'zod';
import type { DynamoLocal } from './dynamodb-local.ts';
import { type StreamModel, startStreamModel } from './dynamodb-stream-model.ts';
import { readSource, type SourceReading } from './read-source.ts';

const ItemAdded = defineEvent({
  source: 'com.acme.items',
  detailType: 'ItemAdded',
  version: '1.0',
  data: z.object({ key: z.string() }),
  idempotencyKey: ({ key }) => key,
});
const capture = captureItems({
  entity: rowEntity({ name: 'item', schema: z.object({ pk: z.string() }) }),
  insert: ({ pk }) => ItemAdded.create({ key: pk }),
});

/** A table whose stream a test makes up, and the sources that read it. */
export interface ModelledShards {
  readonly table: string;
  readonly model: StreamModel;
  source(options?: Partial<ShardSourceOptions>): ChangeSource<StreamRecord>;
  start(options?: Partial<ShardSourceOptions>): SourceReading<StreamRecord>;
  /** Kills every reading that was started. */
  end(): Promise<void>;
}

/** Checkpoints and leases go to the table `checkpoints` of the server. */
export async function modelledShards(dynamo: DynamoLocal): Promise<ModelledShards> {
  const table = await dynamo.createTable();
  const model = await startStreamModel();
  const readings: SourceReading<StreamRecord>[] = [];
  const source = (options: Partial<ShardSourceOptions> = {}): ChangeSource<StreamRecord> =>
    shardSource({
      tableName: table,
      capture,
      checkpointTable: 'checkpoints',
      client: dynamo.client,
      streamsClient: model.client,
      discoverIntervalMs: 1_000,
      leaseMs: 600,
      ...options,
    });
  return {
    table,
    model,
    source,
    start(options) {
      const reading = readSource(source(options));
      readings.push(reading);
      return reading;
    },
    async end() {
      for (const reading of readings) await reading.kill();
      await model.stop();
    },
  };
}

/** Keys of the items that were read, in order. */
export function keysOf({ changes }: SourceReading<StreamRecord>): readonly (string | undefined)[] {
  return changes.map(
    ({ dynamodb }) => (dynamodb?.Keys as { pk?: { S: string } } | undefined)?.pk?.S,
  );
}
