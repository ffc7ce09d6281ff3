export { checkEnvelope } from './check-envelope.ts';
export {
  type ClaimCheckReference,
  type ClaimCheckResolver,
  claimCheckReference,
  claimChecksOf,
  putClaimChecks,
  resolveClaimChecks,
  valueAtPointer,
} from './claim-check.ts';
export { ContractError, type ContractIssue } from './contract-error.ts';
export type { DeadLetter, DeadLetters } from './dead-letter.ts';
export {
  type CreateArguments,
  type CreateOptions,
  defineEvent,
  type EventContract,
  type EventDefinition,
  type KeyedCreateOptions,
} from './define-event.ts';
export type { Envelope, EnvelopeMetadata, Producer, Replay } from './envelope.ts';
export { nextEventId, type UlidSource, ulidFactory } from './event-id.ts';
export { checkDetailType, type FactNameRule } from './fact-name.ts';
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
export { checkSealed, type SealedEvent, type SealOptions, seal } from './sealed-event.ts';
export { checkSource } from './source-name.ts';
