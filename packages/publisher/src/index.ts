export { type Clock, systemClock, type Timer } from './clock.ts';
export { type Entry, entryBytes } from './entry.ts';
export {
  type ClientOptions,
  type EventBridgePublisherOptions,
  eventBridgePublisher,
} from './eventbridge-publisher.ts';
export { publisherOver } from './publisher.ts';
export {
  type PublisherOptions,
  REQUEST_BYTES_1_MIB,
  REQUEST_BYTES_256_KIB,
} from './publisher-options.ts';
export { sdkTransport } from './sdk-transport.ts';
export type { Reply, RequestFailure, Transport } from './transport.ts';
