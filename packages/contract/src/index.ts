export { checkEnvelope, checkProducer } from './check-envelope.ts';
export { checkMinors } from './check-minors.ts';
export {
  type ClaimCheckReference,
  type ClaimCheckResolver,
  claimCheckReference,
  claimCheckResolver,
  claimChecksOf,
  type FetchClaimCheck,
  putClaimChecks,
  valueAtPointer,
} from './claim-check.ts';
export { compareSchemas, type SchemaChange } from './compare-schemas.ts';
export { ContractError, type ContractIssue } from './contract-error.ts';
export type { CreateOptions, KeyedCreateOptions } from './create-options.ts';
export type { DeadLetter, DeadLetters } from './dead-letter.ts';
export { defineEvent } from './define-event.ts';
export { describeFailure, describeThrown } from './describe-thrown.ts';
export type { Envelope, EnvelopeMetadata, Producer, Replay } from './envelope.ts';
export { causedBy, currentContext, type EventContext, withContext } from './event-context.ts';
export type {
  AnyEventContract,
  ContractTypes,
  CreateArguments,
  Created,
  EventContract,
  EventOf,
  ParseOptions,
} from './event-contract.ts';
export type { Downgrades, EventDefinition, SchemaVersions } from './event-definition.ts';
export type { EventFilter, Filter } from './event-filter.ts';
export { nextEventId, type UlidSource, ulidFactory } from './event-id.ts';
export { type EventPattern, eventPattern } from './event-pattern.ts';
export { currentStamp, type EventStamp, withStamp } from './event-stamp.ts';
export { checkDetailType, type FactNameRule } from './fact-name.ts';
export { type Backoff, fullJitter } from './full-jitter.ts';
export type { JsonSchema } from './json-schema.ts';
export { jsonSchemaOf } from './json-schema-of.ts';
export { jsonStringEnd } from './json-string-end.ts';
export { MAX_TIMER_MS, type OptionBounds, optionBounds } from './option-bounds.ts';
export {
  anythingBut,
  cidr,
  equalsIgnoreCase,
  exists,
  type Matcher,
  numeric,
  prefix,
  suffix,
  wildcard,
} from './pattern-matchers.ts';
export {
  type AcceptedOutcome,
  PublishError,
  type PublishOutcome,
  type PublishResult,
  type RejectedOutcome,
  type UndeliveredOutcome,
} from './publish-outcome.ts';
export type {
  PublishableEvent,
  Publisher,
  PublishOptions,
  PublishRetry,
  VerificationProblem,
  VerifyOptions,
} from './publisher.ts';
export { checkSealed, type SealedEvent, type SealOptions, seal } from './sealed-event.ts';
export { checkSource } from './source-name.ts';
export { activeTraceparent, lambdaTraceHeader } from './trace-context.ts';
export { type DataRules, validateData } from './validate-data.ts';
