import { checkEnvelope } from './check-envelope.ts';
import { ContractError } from './contract-error.ts';
import type { KeyedCreateOptions } from './create-options.ts';
import type { Envelope, EnvelopeMetadata } from './envelope.ts';
import { currentContext } from './event-context.ts';
import { nextEventId } from './event-id.ts';
import { currentStamp } from './event-stamp.ts';
import { instantText, isInstant, timeOf } from './instant.ts';
import { freezeJson } from './json-data.ts';
import { freezeMade } from './made-here.ts';
import type { ResolvedDefinition, VersionedSchema } from './resolve-definition.ts';
import { activeTraceparent } from './trace-context.ts';
import { toldBy, validateData } from './validate-data.ts';

function frozenCopy<Part extends object>(part: Part | undefined): Part | undefined {
  return part === undefined ? undefined : Object.freeze({ ...part });
}

function resolveOccurredAt(detailType: string, occurredAt: Date | undefined): string {
  if (occurredAt === undefined) return instantText(Date.now());
  if (!isInstant(occurredAt)) {
    throw new ContractError(
      `occurredAt of ${detailType} must be a Date that is valid, of the years 0 to 9999`,
    );
  }
  return instantText(occurredAt.getTime());
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

type Writable<Part> = { -readonly [Key in keyof Part]: Part[Key] };

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
  const { producer: own = context.producer } = options;
  const producer = frozenCopy(own);
  const traceparent = options.traceparent ?? context.traceparent ?? activeTraceparent();
  const replay = frozenCopy(options.replay);
  const stamp = currentStamp();
  const eventId = options.eventId ?? stamp?.nextEventId(contract.detailType) ?? nextEventId();
  const derivedKey = stamp === undefined ? undefined : eventId;
  const metadata: Writable<EnvelopeMetadata> = {
    eventId,
    version: contract.current.version,
    idempotencyKey: resolveKey(contract, data, options.idempotencyKey, derivedKey),
    occurredAt: resolveOccurredAt(contract.detailType, options.occurredAt ?? stamp?.occurredAt),
  };
  if (correlationId !== undefined) metadata.correlationId = correlationId;
  if (causationId !== undefined) metadata.causationId = causationId;
  if (orderingKey !== undefined) metadata.orderingKey = orderingKey;
  if (producer !== undefined) metadata.producer = producer;
  if (traceparent !== undefined) metadata.traceparent = traceparent;
  if (replay !== undefined) metadata.replay = replay;
  return metadata;
}

const noResources: readonly string[] = Object.freeze([]);

function resolveResources(given: unknown): readonly string[] {
  if (given === undefined || given === null) return noResources;
  // What is no array is refused with the envelope.
  return Array.isArray(given) ? Object.freeze([...given]) : (given as readonly string[]);
}

function frozenEnvelope(
  contract: ResolvedDefinition,
  metadata: EnvelopeMetadata,
  data: unknown,
  resources: readonly string[],
): Envelope {
  const envelope = {
    source: contract.source,
    'detail-type': contract.detailType,
    time: timeOf(metadata.occurredAt),
    resources,
    detail: Object.freeze({ metadata: Object.freeze(metadata), data }),
  };
  checkEnvelope(envelope);
  return freezeMade(envelope, 'envelope');
}

function isReadBack({ readSchema, rules }: VersionedSchema, data: unknown): boolean {
  try {
    return freezeJson(validateData(rules, readSchema, data), () => false, data).isLike;
  } catch {
    return false;
  }
}

/** What is published of the data given. */
function publishedData(version: VersionedSchema, given: unknown): unknown {
  const { rules, schema, readSchema } = version;
  const made = validateData(rules, schema, given);
  const { data, isLike } = freezeJson(made, toldBy(rules, schema), given);
  // What a schema leaves as it is, it reads back.
  if (!(readSchema === schema && isLike) && !isReadBack(version, data)) {
    throw new ContractError(
      `data of ${rules.detailType} would not be read back as it is published: let the schema take what it makes, or add read, a schema of the data that is published`,
    );
  }
  return data;
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
  const data = publishedData(contract.current, input);
  const metadata = resolveMetadata(contract, data, options);
  const resources = resolveResources(options.resources ?? contract.resources?.(data));
  const older = contract.downgrades.map((versioned) => {
    const eventId = `${metadata.eventId}-v${versioned.major}`;
    const olderData = publishedData(versioned, versioned.downgrade(data));
    const olderMetadata = { ...metadata, eventId, version: versioned.version };
    return frozenEnvelope(contract, olderMetadata, olderData, resources);
  });
  return [frozenEnvelope(contract, metadata, data, resources), ...older];
}
