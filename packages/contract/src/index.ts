export type { Envelope, EnvelopeMetadata, Producer, Replay } from './envelope.ts';
export { type Backoff, fullJitter } from './full-jitter.ts';
export {
  type AcceptedOutcome,
  PublishError,
  type PublishOutcome,
  type PublishResult,
  type RejectedOutcome,
  type UndeliveredOutcome,
} from './publish-outcome.ts';
export type { PublishableEvent, Publisher, PublishOptions } from './publisher.ts';
export { type SealedEvent, type SealOptions, seal } from './sealed-event.ts';
