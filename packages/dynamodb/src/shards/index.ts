export { createCheckpointTable } from './create-checkpoint-table.ts';
export type { ShardSourceOptions } from './shard-options.ts';
export { shardSource } from './shard-source.ts';
