export {
  type AdoptOutboxOptions,
  type AdoptReport,
  adoptOutbox,
  type PublishedRows,
} from './adopt-outbox.ts';
export {
  type ListDeadLettersOptions,
  type PostgresDeadLetters,
  type PostgresDeadLettersOptions,
  postgresDeadLetters,
  type RedriveReport,
  type StoredDeadLetter,
} from './dead-letters/postgres-dead-letters.ts';
export type {
  DebeziumEnvelope,
  DebeziumMapping,
  DebeziumMetadata,
} from './debezium/debezium-events.ts';
export type { DebeziumColumns, DebeziumRow } from './debezium/debezium-row.ts';
export { type DebeziumSourceOptions, debeziumSource } from './debezium/debezium-source.ts';
export { type DebeziumSetUpOptions, setUpDebeziumOutbox } from './debezium/set-up-debezium.ts';
export { formatLsn, type Lsn, parseLsn } from './lsn.ts';
export { type MigrateOptions, type MigrationReport, migrateOutbox } from './migrate-outbox.ts';
export type { OutboxTransaction } from './outbox/executors/pg-executor.ts';
export {
  type Outbox,
  type OutboxOptions,
  postgresOutbox,
} from './outbox/postgres-outbox.ts';
export { type OutboxRoles, outboxRoles } from './outbox-roles.ts';
export type { OutboxRow } from './outbox-row.ts';
export type { PollSourceOptions } from './poll/poll-options.ts';
export { pollSource } from './poll/poll-source.ts';
export type {
  ReplayOptions,
  ReplayRefusal,
  ReplayReport,
  ReplaySelection,
} from './replay/replay-options.ts';
export { replayOutbox } from './replay/replay-outbox.ts';
export {
  type MaintainOutboxOptions,
  MaintenanceError,
  type MaintenanceReport,
  maintainOutbox,
} from './retention/maintain-outbox.ts';
export type { StreamSetUpReport } from './set-up-stream.ts';
export {
  type CapturedTable,
  captureTable,
  type MappedTableChange,
  type TableImages,
  type TableMapping,
} from './tables/capture-table.ts';
export { setUpTableCapture, type TableSetUpOptions } from './tables/set-up-tables.ts';
export type { TableChange, TextRow } from './tables/table-change.ts';
export { type TableSourceOptions, tableSource } from './tables/table-source.ts';
export type { WalSourceOptions } from './wal/wal-options.ts';
export { walSource } from './wal/wal-source.ts';
