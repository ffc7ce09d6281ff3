import { checkEnvelope, timeOf } from './check-envelope.ts';
import { ContractError } from './contract-error.ts';
import type { KeyedCreateOptions } from './create-options.ts';
import type { Envelope, EnvelopeMetadata } from './envelope.ts';
import { currentContext } from './event-context.ts';
import { nextEventId } from './event-id.ts';
import { currentStamp } from './event-stamp.ts';
import { noteFrozen } from './frozen-envelopes.ts';
import { freezeJson } from './json-data.ts';
import type { ResolvedDefinition } from './resolve-definition.ts';
import { activeTraceparent } from './trace-context.ts';
import { validateData } from './validate-data.ts';

function frozenCopy<Part extends object>(part: Part | undefined): Part | undefined {
  return part === undefined ? undefined : Object.freeze({ ...part });
}

function resolveOccurredAt(detailType: string, occurredAt: Date | undefined): string {
  const at = occurredAt ?? new Date();
  if (!(at instanceof Date) || Number.isNaN(at.getTime())) {
    throw new ContractError(`occurredAt of ${detailType} must be a Date that is valid`);
  }
  return at.toISOString();
}

function resolveKey(
  contract: ResolvedDefinition,
  data: unknown,
  given: unknown,
  derived: string | undefined,
): string {
  const { detailType, idempotencyKey } = contract;
  if (idempotencyKey !== undefined && given !== undefined) {
    throw new ContractError(
      `${detailType} derives its idempotencyKey from the data: leave it out of create's options`,
    );
  }
  if (idempotencyKey === undefined && given === undefined && derived === undefined) {
    throw new ContractError(
      `${detailType} needs an idempotencyKey: pass one to create, or derive it in the contract`,
    );
  }
  // Its bounds are checked with the whole envelope's.
  return (idempotencyKey === undefined ? (given ?? derived) : idempotencyKey(data)) as string;
}

/** Metadata but for what differs between the versions of one event. */
function resolveMetadata(
  contract: ResolvedDefinition,
  data: unknown,
  options: Partial<KeyedCreateOptions>,
): EnvelopeMetadata {
  const context = currentContext();
  const correlationId = options.correlationId ?? context.correlationId;
  const causationId = options.causationId ?? context.causationId;
  const orderingKey = options.orderingKey ?? (contract.orderingKey?.(data) as string | undefined);
  const producer = frozenCopy(options.producer ?? context.producer);
  const traceparent = options.traceparent ?? context.traceparent ?? activeTraceparent();
  const replay = frozenCopy(options.replay);
  const stamp = currentStamp();
  const eventId = options.eventId ?? stamp?.nextEventId(contract.detailType) ?? nextEventId();
  const derivedKey = stamp === undefined ? undefined : eventId;
  return {
    eventId,
    version: contract.current.version,
    idempotencyKey: resolveKey(contract, data, options.idempotencyKey, derivedKey),
    occurredAt: resolveOccurredAt(contract.detailType, options.occurredAt ?? stamp?.occurredAt),
    ...(correlationId !== undefined && { correlationId }),
    ...(causationId !== undefined && { causationId }),
    ...(orderingKey !== undefined && { orderingKey }),
    ...(producer !== undefined && { producer }),
    ...(traceparent !== undefined && { traceparent }),
    ...(replay !== undefined && { replay }),
  };
}

function frozenEnvelope(
  contract: ResolvedDefinition,
  metadata: EnvelopeMetadata,
  data: unknown,
  resources: readonly string[],
): Envelope {
  const envelope = Object.freeze({
    source: contract.source,
    'detail-type': contract.detailType,
    time: timeOf(metadata.occurredAt),
    resources,
    detail: Object.freeze({ metadata: Object.freeze(metadata), data }),
  });
  checkEnvelope(envelope);
  noteFrozen(envelope);
  return envelope;
}

/**
 * Makes an event in the current version, and in each older one that is still published.
 * @throws ContractError
 */
export function createEvents(
  contract: ResolvedDefinition,
  input: unknown,
  options: Partial<KeyedCreateOptions> = {},
): readonly [Envelope, ...Envelope[]] {
  const data = freezeJson(validateData(contract.current.rules, contract.current.schema, input));
  const metadata = resolveMetadata(contract, data, options);
  const given = options.resources ?? contract.resources?.(data) ?? [];
  const resources = Array.isArray(given) ? Object.freeze([...given]) : (given as readonly string[]);
  const older = contract.downgrades.map(({ version, major, schema, rules, downgrade }) => {
    const eventId = `${metadata.eventId}-v${major}`;
    const olderData = freezeJson(validateData(rules, schema, downgrade(data)));
    return frozenEnvelope(contract, { ...metadata, eventId, version }, olderData, resources);
  });
  return [frozenEnvelope(contract, metadata, data, resources), ...older];
}
