export { type Clock, systemClock, type Timer } from './clock.ts';
export type { ParkedLetter } from './dead-letter-text.ts';
export { type Entry, entryBytes } from './entry.ts';
export type { StreamOptions, StreamSummary } from './event-stream.ts';
export {
  type EventBridgePublisherOptions,
  eventBridgePublisher,
} from './eventbridge-publisher.ts';
export { fileDeadLetters } from './file-dead-letters.ts';
export {
  type InvocationReport,
  type MiddlewareRequest,
  type PublishingMiddleware,
  type PublishingOptions,
  publishingHandler,
  publishingMiddleware,
} from './lambda.ts';
export type { OversizePolicy, Shrunk } from './oversize.ts';
export type { ClientOptions } from './own-client.ts';
export type { FailedOutcome } from './parking.ts';
export { type EventBridgePublisher, publisherOver } from './publisher.ts';
export type { PublisherEvent, PublisherObserver } from './publisher-event.ts';
export {
  type PublisherOptions,
  REQUEST_BYTES_1_MIB,
  REQUEST_BYTES_256_KIB,
} from './publisher-options.ts';
export {
  type DeadLetterStore,
  type RedriveOptions,
  type RedriveSummary,
  redrive,
} from './redrive.ts';
export { type SdkTransportOptions, sdkTransport } from './sdk-transport.ts';
export type { Reply, RequestFailure, Transport } from './transport.ts';
export { VerificationError } from './verify.ts';
