export type { DeadLetter, DeadLetters } from '@tidings/contract';
export type { Captured } from './capture-change.ts';
export { CaptureError } from './capture-error.ts';
export { captureRows, type RowCapture } from './capture-rows.ts';
export {
  type ChangeGroup,
  type ChangeRecord,
  type ChangeSource,
  RECORD_OVERHEAD_BYTES,
  TakenOver,
} from './change-source.ts';
export { ConfigurationError } from './configuration-error.ts';
export { consoleLogger } from './console-logger.ts';
export { parseExactJson } from './exact-json.ts';
export { reasonOf } from './failure-reason.ts';
export {
  type HandlerOptions,
  type HandlerSettings,
  resolveHandlerOptions,
} from './handler-options.ts';
export { answerTime, failureFrom, type InvocationContext } from './invocation.ts';
export { type Logger, silentLogger } from './logger.ts';
export { type Checkpoint, type Position, positionOf } from './position.ts';
export { createRelay, type Relay } from './relay.ts';
export { defineRelay, type RelayOptions, type RelaySettings } from './relay-options.ts';
export type { RelayState } from './relay-state.ts';
export type { Row, RowChange, RowOperation } from './row-change.ts';
export { type RowEntity, type RowImages, type RowMatch, rowEntity } from './row-entity.ts';
export type { MappedChange, MappedEvents, RowMapping } from './row-mapping.ts';
export { emptyRow, rowOf } from './row-object.ts';
export { type BatchRecord, type BatchSettings, settleBatch } from './settle-batch.ts';
export { type Settlement, settlementOf } from './settlement.ts';
export { watchColumns } from './watch-columns.ts';
export { type PendingGroup, Watermark } from './watermark.ts';
