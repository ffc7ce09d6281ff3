import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ClaimCheckResolver } from './claim-check.ts';
import type { CreateOptions, KeyedCreateOptions } from './create-options.ts';
import type { Envelope } from './envelope.ts';

/** What the compiler knows of a contract. */
export interface ContractTypes {
  readonly detailType: string;
  /** Schema of each version. */
  readonly versions: Readonly<Record<string, StandardSchemaV1>>;
  /** The highest version: what `create` takes. */
  readonly current: string;
  /** Older versions that are published as well, while a migration lasts. */
  readonly downgraded: string;
  /** Whether the contract derives the idempotency key or each call gives it. */
  readonly key: 'derived' | 'given';
}

/** Data that may be read-only to its last member: `create` changes nothing of it. */
type ReadOnly<Value> = Value extends string | number | boolean | bigint | symbol | null | undefined
  ? Value
  : Value extends object
    ? { readonly [Key in keyof Value]: ReadOnly<Value[Key]> }
    : Value;

/** Data of a version as its schema takes it. */
type InputOf<Types extends ContractTypes, Version extends string> = ReadOnly<
  StandardSchemaV1.InferInput<Types['versions'][Version]>
>;

/** Data of a version as it is published: what its schema makes of the input. */
type OutputOf<Types extends ContractTypes, Version extends string> = Version extends string
  ? StandardSchemaV1.InferOutput<Types['versions'][Version]>
  : never;

type EnvelopeOf<Types extends ContractTypes, Version extends string> = Version extends string
  ? Envelope<OutputOf<Types, Version>, Types['detailType']>
  : never;

/** What `create` returns: one event, or while a migration lasts all of its events. */
export type Created<Types extends ContractTypes> = [Types['downgraded']] extends [never]
  ? EnvelopeOf<Types, Types['current']>
  : readonly [
      EnvelopeOf<Types, Types['current']>,
      ...(readonly EnvelopeOf<Types, Types['downgraded']>[]),
    ];

/** Arguments of `create`: a contract that derives no key demands one at each call. */
export type CreateArguments<Types extends ContractTypes> = Types['key'] extends 'derived'
  ? [data: InputOf<Types, Types['current']>, options?: CreateOptions]
  : [data: InputOf<Types, Types['current']>, options: KeyedCreateOptions];

/** How `parse` reads an event whose data is not all in it. */
export interface ParseOptions {
  /** Fetches and verifies what claim-check references stand for: `claimCheckResolver(…)`. */
  readonly claimCheck: ClaimCheckResolver;
}

/** A contract: what one kind of event looks like, and the only way to make one. */
export interface EventContract<Types extends ContractTypes> {
  readonly source: string;
  readonly detailType: Types['detailType'];
  /** The current version: the highest of `versions`. */
  readonly version: Types['current'];
  /** Schema of each version that the contract knows. */
  readonly versions: Types['versions'];
  /**
   * Schema of the data that each version publishes, which `parse` reads it with: `read`,
   * what the schema's library says of its output, or the schema itself where it turns no
   * value into another. Documents are made of these.
   */
  readonly outputs: { readonly [Version in keyof Types['versions']]: StandardSchemaV1 };

  /**
   * Makes an event: validates the data, derives the keys, fills in id and time. The
   * envelope is a frozen copy, so that nothing changes between its making and its sending.
   *
   * With `downgrade`, it makes the event in every version that is still published: the
   * current one first, all with the same idempotency key, ordering key and time, and with
   * ids of one family, `<id>` and `<id>-v<major>`. `publish` takes the array as it is.
   * @throws ContractError that says what to write instead.
   */
  create(...args: CreateArguments<Types>): Created<Types>;

  /**
   * Reads an event back: an envelope, an event that EventBridge delivered (as a Lambda
   * function gets it), or the JSON text of either. Its data is validated with the schema
   * of its version; a minor that is newer than the contract is read with the newest known.
   * @throws ContractError where it is no event of this contract; also where data is behind
   * a claim check and no resolver was passed.
   */
  parse(raw: unknown): EnvelopeOf<Types, keyof Types['versions'] & string>;
  /** Like `parse`, for an event that may have left data behind a claim check. */
  parse(
    raw: unknown,
    options: ParseOptions,
  ): Promise<EnvelopeOf<Types, keyof Types['versions'] & string>>;
}

/** Any contract, for functions that take one. */
// biome-ignore lint/suspicious/noExplicitAny: the one type that every contract's types satisfy
export type AnyEventContract = EventContract<any>;

/** The events of a contract in its current version: `EventOf<typeof OrderPlaced>`. */
export type EventOf<Contract extends AnyEventContract> =
  Contract extends EventContract<infer Types> ? EnvelopeOf<Types, Types['current']> : never;
