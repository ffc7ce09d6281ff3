import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { CheckedVersion, LatestVersion, PreviousMinor } from './contract-version-type.ts';
import type { FactNameRule } from './fact-name.ts';
import type { CheckedName } from './fact-name-type.ts';
import type { CheckedSource } from './source-name-type.ts';

/** Schemas by version. */
export type SchemaVersions = Readonly<Record<string, StandardSchemaV1>>;

/** The schemas of a definition, whichever way it was written. */
export type VersionsOf<
  Version extends string,
  Schema extends StandardSchemaV1,
  Versions extends SchemaVersions,
> = [keyof Versions] extends [never] ? Readonly<Record<Version, Schema>> : Versions;

export type CurrentOf<Versions extends SchemaVersions> = LatestVersion<keyof Versions & string>;

export type CurrentData<Versions extends SchemaVersions> = StandardSchemaV1.InferOutput<
  Versions[CurrentOf<Versions>]
>;

/** Makes the data of an older major from the current data. */
export type Downgrades<Versions extends SchemaVersions> = {
  readonly [Version in Exclude<keyof Versions & string, CurrentOf<Versions>>]?: (
    data: CurrentData<Versions>,
  ) => StandardSchemaV1.InferInput<Versions[Version]>;
};

type OutputOf<Versions extends SchemaVersions, Version> = Version extends keyof Versions
  ? StandardSchemaV1.InferOutput<Versions[Version]>
  : never;

/** What readers of the older data find in the newer as well. */
type KeepsPromises<Newer, Older> = [Newer] extends [Older]
  ? [keyof Older] extends [keyof Newer]
    ? true
    : false
  : false;

/** `unknown` for each version, but for a minor that takes something away: the sentence. */
export type CheckedMinors<Versions extends SchemaVersions> = {
  readonly [Version in keyof Versions]: PreviousMinor<
    Version & string,
    keyof Versions & string
  > extends infer Previous extends string
    ? [Previous] extends [never]
      ? unknown
      : KeepsPromises<OutputOf<Versions, Version>, OutputOf<Versions, Previous>> extends true
        ? unknown
        : `version '${Version & string}' breaks readers of '${Previous}': make it a new major`
    : unknown;
};

interface OneVersion<Version extends string, Schema extends StandardSchemaV1> {
  /** `major.minor` of the data's schema. */
  readonly version: CheckedVersion<Version>;
  /** Any Standard Schema that validates synchronously. */
  readonly data: Schema;
  /**
   * Schema of the data that is published, for a schema that turns values into others:
   * `parse` reads events with it. Default: what the library of `data` says of its output
   * (zod 4: the last part of pipes and codecs; ArkType: `out`), or `data` itself where it
   * turns no value into another.
   */
  readonly read?: StandardSchemaV1<unknown, StandardSchemaV1.InferOutput<Schema>>;
  readonly versions?: never;
  readonly downgrade?: never;
}

interface ManyVersions<Versions extends SchemaVersions, Downgrade> {
  /** Schema of each `major.minor`; the highest is the current one. */
  readonly versions: Versions & CheckedMinors<Versions>;
  /**
   * While a migration lasts: for each older major that is still published, how its data
   * comes from the current data. Taking an entry out ends the migration.
   */
  readonly downgrade?: Downgrade;
  /** `read` of the versions that need it, by version. */
  readonly read?: {
    readonly [Version in keyof Versions]?: StandardSchemaV1<unknown, OutputOf<Versions, Version>>;
  };
  readonly version?: never;
  readonly data?: never;
}

interface EveryDefinition<Source extends string, DetailType extends string, Rule, Data, Key> {
  /**
   * Reverse-DNS namespace that the team owns: `com.acme.orders`. Two or more labels of
   * lower-case letters, digits and hyphens, at most 256 characters; not `aws` or `aws.*`.
   */
  readonly source: CheckedSource<Source>;
  /** A fact in the past tense: `OrderPlaced` or `order.placed`, at most 128 characters. */
  readonly detailType: CheckedName<DetailType, Rule>;
  /** `'not-a-verb'` takes a name that the past-tense rule does not know. */
  readonly factName?: Rule;
  /**
   * Derives the key of a fact from its data: same business fact, same key. 1 to 256
   * characters of printable ASCII without spaces. Left out, each `create` must pass one.
   */
  readonly idempotencyKey?: Key;
  /**
   * Events with the same key keep their order up to the bus. 1 to 128 characters of
   * printable ASCII without spaces.
   */
  readonly orderingKey?: (data: Data) => string;
  /** ARNs or names that the event is about. */
  readonly resources?: (data: Data) => readonly string[];
  /**
   * Writes the values that a schema refused into the error's message. Default: false,
   * because event data may be personal and messages reach logs.
   */
  readonly exposeValues?: boolean;
}

/** What `defineEvent` takes. */
export type EventDefinition<
  Source extends string,
  DetailType extends string,
  Rule extends FactNameRule,
  Version extends string,
  Schema extends StandardSchemaV1,
  Versions extends SchemaVersions,
  Downgrade,
  Key,
> = EveryDefinition<
  Source,
  DetailType,
  Rule,
  CurrentData<VersionsOf<Version, Schema, Versions>>,
  Key
> &
  (OneVersion<Version, Schema> | ManyVersions<Versions, Downgrade>);
