import type { StandardSchemaV1 } from '@standard-schema/spec';
import { checkEnvelope, timeOf } from './check-envelope.ts';
import { ContractError } from './contract-error.ts';
import { checkVersion } from './contract-version.ts';
import type { Envelope, EnvelopeMetadata, Producer, Replay } from './envelope.ts';
import { nextEventId } from './event-id.ts';
import { checkDetailType, type FactNameRule } from './fact-name.ts';
import { freezeJson } from './json-data.ts';
import { checkSource } from './source-name.ts';
import { validateData } from './validate-data.ts';

/** What `create` takes beside the data. Everything has a default. */
export interface CreateOptions {
  /** Default: a new ULID. Captured changes pass an id that is derived from the change. */
  readonly eventId?: string;
  /** When the fact happened. Default: now. */
  readonly occurredAt?: Date;
  readonly correlationId?: string;
  /** `eventId` of the event that caused this one. */
  readonly causationId?: string;
  /** Default: what the contract derives, or none. */
  readonly orderingKey?: string;
  /** Default: what the contract derives, or none. */
  readonly resources?: readonly string[];
  readonly producer?: Producer;
  /** W3C Trace Context header. */
  readonly traceparent?: string;
  readonly replay?: Replay;
}

/** What `create` takes where the contract derives no idempotency key. */
export interface KeyedCreateOptions extends CreateOptions {
  /** Same business fact, same key: 1 to 256 characters of printable ASCII without spaces. */
  readonly idempotencyKey: string;
}

type Derive<Data> = (data: Data) => string;

/** Arguments of `create`: a contract that derives no key demands one at each call. */
export type CreateArguments<Input, Key> = undefined extends Key
  ? [data: Input, options: KeyedCreateOptions]
  : [data: Input, options?: CreateOptions];

/** What `defineEvent` takes. */
export interface EventDefinition<
  Schema extends StandardSchemaV1,
  DetailType extends string,
  Key extends Derive<StandardSchemaV1.InferOutput<Schema>> | undefined,
> {
  /** Reverse-DNS namespace that the team owns: `com.acme.orders`. */
  readonly source: string;
  /** A fact in the past tense: `OrderPlaced`. */
  readonly detailType: DetailType;
  /** `major.minor` of the data's schema. */
  readonly version: string;
  /** Any Standard Schema that validates synchronously. */
  readonly data: Schema;
  /** Derives the key of a fact from its data. Left out, each `create` must pass one. */
  readonly idempotencyKey?: Key;
  readonly orderingKey?: (data: StandardSchemaV1.InferOutput<Schema>) => string;
  readonly resources?: (data: StandardSchemaV1.InferOutput<Schema>) => readonly string[];
  /** `'not-a-verb'` takes a name that the past-tense rule does not know. */
  readonly factName?: FactNameRule;
}

/** A contract: what one kind of event looks like, and the only way to make one. */
export interface EventContract<
  Schema extends StandardSchemaV1 = StandardSchemaV1,
  DetailType extends string = string,
  Key = unknown,
> {
  readonly source: string;
  readonly detailType: DetailType;
  readonly version: string;
  readonly schema: Schema;
  /**
   * Makes an event: validates the data, derives the keys, fills in id and time. The
   * envelope is a frozen copy, so that nothing changes between its making and its sending.
   * @throws ContractError that says what to write instead.
   */
  create(
    ...args: CreateArguments<StandardSchemaV1.InferInput<Schema>, Key>
  ): Envelope<StandardSchemaV1.InferOutput<Schema>, DetailType>;
}

function isStandardSchema(schema: unknown): schema is StandardSchemaV1 {
  return (
    (typeof schema === 'object' || typeof schema === 'function') &&
    schema !== null &&
    '~standard' in schema
  );
}

function resolveOccurredAt(label: string, occurredAt: Date | undefined): string {
  const at = occurredAt ?? new Date();
  if (!(at instanceof Date) || Number.isNaN(at.getTime())) {
    throw new ContractError(`occurredAt of ${label} must be a Date that is valid`);
  }
  return at.toISOString();
}

function resolveKey(label: string, derived: string | undefined, given: string | undefined): string {
  if (derived !== undefined && given !== undefined) {
    throw new ContractError(
      `${label} derives its idempotencyKey from the data: leave it out of create's options`,
    );
  }
  const key = derived ?? given;
  if (key === undefined) {
    throw new ContractError(
      `${label} needs an idempotencyKey: pass one to create, or derive it in the contract`,
    );
  }
  return key;
}

/**
 * Defines a kind of event. The definition is checked at once, so that a service with a
 * malformed contract does not start.
 * @throws ContractError that says what to write instead.
 */
export function defineEvent<
  Schema extends StandardSchemaV1,
  const DetailType extends string,
  Key extends Derive<StandardSchemaV1.InferOutput<Schema>> | undefined,
>(definition: EventDefinition<Schema, DetailType, Key>): EventContract<Schema, DetailType, Key> {
  type Data = StandardSchemaV1.InferOutput<Schema>;
  const { source, detailType, version, data: schema } = definition;
  checkSource(source);
  checkDetailType(detailType, definition.factName);
  checkVersion(version);
  if (!isStandardSchema(schema)) {
    throw new ContractError(
      `data of ${detailType} must be a Standard Schema, such as z.object({ … })`,
    );
  }

  function create(
    input: unknown,
    options: Partial<KeyedCreateOptions> = {},
  ): Envelope<Data, DetailType> {
    const data = freezeJson(
      validateData(detailType, schema as StandardSchemaV1<unknown, Data>, input),
    );
    const occurredAt = resolveOccurredAt(detailType, options.occurredAt);
    const { correlationId, causationId, producer, traceparent, replay } = options;
    const orderingKey = options.orderingKey ?? definition.orderingKey?.(data);
    const resources = options.resources ?? definition.resources?.(data) ?? [];
    const metadata: EnvelopeMetadata = Object.freeze({
      eventId: options.eventId ?? nextEventId(),
      version,
      idempotencyKey: resolveKey(
        detailType,
        definition.idempotencyKey?.(data),
        options.idempotencyKey,
      ),
      occurredAt,
      ...(correlationId !== undefined && { correlationId }),
      ...(causationId !== undefined && { causationId }),
      ...(orderingKey !== undefined && { orderingKey }),
      ...(producer !== undefined && { producer }),
      ...(traceparent !== undefined && { traceparent }),
      ...(replay !== undefined && { replay }),
    });
    const envelope = Object.freeze({
      source,
      'detail-type': detailType,
      time: timeOf(occurredAt),
      resources: Object.freeze([...resources]),
      detail: Object.freeze({ metadata, data }),
    });
    checkEnvelope(envelope);
    return envelope;
  }

  return Object.freeze({
    source,
    detailType,
    version,
    schema,
    create: create as EventContract<Schema, DetailType, Key>['create'],
  });
}
