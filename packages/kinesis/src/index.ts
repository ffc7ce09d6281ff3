export {
  captureRows,
  type DeadLetter,
  type DeadLetters,
  type InvocationContext,
  type MappedChange,
  type MappedEvents,
  type RowCapture,
  type RowChange,
  type RowEntity,
  type RowImages,
  type RowMapping,
  type RowMatch,
  rowEntity,
} from '@tidings/relay';
export {
  type CdcHandler,
  type CdcHandlerOptions,
  type CdcResponse,
  cdcHandler,
} from './cdc-handler.ts';
export type { FeedOptions } from './feed-settings.ts';
export type {
  KafkaEvent,
  KafkaRecord,
  KinesisEvent,
  KinesisRecord,
} from './lambda-event.ts';
export type { Feed } from './message.ts';
export type { ItemIdentifier } from './partition.ts';
export type { TableFacts } from './row-keys.ts';
