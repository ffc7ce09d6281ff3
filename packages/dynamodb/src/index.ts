export {
  type DeadLetter,
  type DeadLetters,
  type InvocationContext,
  type MappedChange,
  type MappedEvents,
  type RowEntity,
  type RowImages,
  type RowMatch,
  rowEntity,
} from '@tidings/relay';
export { captureItems, type ItemCapture, type ItemMapping } from './capture-items.ts';
export { type ItemChange, itemChange } from './item-change.ts';
export {
  type ItemOutbox,
  type ItemOutboxOptions,
  itemOutbox,
  type OutboxItem,
} from './item-outbox.ts';
export type { OutboxEntity } from './outbox-entity.ts';
export type { ItemFormat } from './outbox-item-bytes.ts';
export {
  type PipeEnrichment,
  type PipeEnrichmentOptions,
  pipeEnrichment,
} from './pipe-enrichment.ts';
export { type PipeItem, pipeTargetParameters } from './pipe-item.ts';
export { type ReplicaRule, skipReplicas } from './skip-replicas.ts';
export {
  type StreamEvent,
  type StreamHandler,
  type StreamHandlerOptions,
  type StreamResponse,
  streamHandler,
} from './stream-handler.ts';
export type { StreamRecord } from './stream-record.ts';
