export {
  type Outbox,
  type OutboxOptions,
  type OutboxTransaction,
  postgresOutbox,
} from './postgres-outbox.ts';
