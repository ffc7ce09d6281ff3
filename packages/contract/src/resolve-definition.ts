import type { StandardSchemaV1 } from '@standard-schema/spec';
import { admitName } from './check-envelope.ts';
import { ContractError } from './contract-error.ts';
import { checkVersion, compareVersions } from './contract-version.ts';
import { checkDetailType, type FactNameRule } from './fact-name.ts';
import { optionBounds } from './option-bounds.ts';
import { readSchemaOf } from './read-schema.ts';
import { checkSource } from './source-name.ts';
import type { DataRules } from './validate-data.ts';

/** A definition as it may come from a caller whom no compiler checked. */
export interface RawDefinition {
  readonly source?: unknown;
  readonly detailType?: unknown;
  readonly factName?: FactNameRule | undefined;
  readonly version?: unknown;
  readonly data?: unknown;
  readonly read?: unknown;
  readonly versions?: Readonly<Record<string, unknown>> | undefined;
  readonly downgrade?: Readonly<Record<string, unknown>> | undefined;
  readonly idempotencyKey?: unknown;
  readonly orderingKey?: unknown;
  readonly resources?: unknown;
  readonly exposeValues?: boolean;
}

/** One version of the data. */
export interface VersionedSchema {
  readonly version: string;
  readonly major: number;
  readonly minor: number;
  readonly schema: StandardSchemaV1;
  /** Reads back what the schema makes. */
  readonly readSchema: StandardSchemaV1;
  readonly rules: DataRules;
}

/** An older version that is published too, and how its data comes from the current data. */
export interface Downgrade extends VersionedSchema {
  readonly downgrade: (data: unknown) => unknown;
}

/** A definition that was checked, with every field present. */
export interface ResolvedDefinition {
  readonly source: string;
  readonly detailType: string;
  /** Oldest first. */
  readonly versions: readonly VersionedSchema[];
  readonly current: VersionedSchema;
  /** Newest first; empty outside of migrations. */
  readonly downgrades: readonly Downgrade[];
  readonly idempotencyKey: ((data: unknown) => unknown) | undefined;
  readonly orderingKey: ((data: unknown) => unknown) | undefined;
  readonly resources: ((data: unknown) => unknown) | undefined;
}

const { known } = optionBounds(ContractError);

/** Names of the options, for a check of those that nobody knows. */
const names: Record<keyof RawDefinition, true> = {
  source: true,
  detailType: true,
  factName: true,
  version: true,
  data: true,
  read: true,
  versions: true,
  downgrade: true,
  idempotencyKey: true,
  orderingKey: true,
  resources: true,
  exposeValues: true,
};

function isStandardSchema(schema: unknown): schema is StandardSchemaV1 {
  // ArkType's schemas are functions.
  const isObject = typeof schema === 'object' || typeof schema === 'function';
  return isObject && schema !== null && '~standard' in schema;
}

function checkFunction(name: string, value: unknown): ((data: unknown) => unknown) | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'function') {
    throw new ContractError(`${name} must be a function of the data, got ${typeof value}`);
  }
  return value as (data: unknown) => unknown;
}

function checkSchema(name: string, schema: unknown): asserts schema is StandardSchemaV1 {
  if (isStandardSchema(schema)) return;
  throw new ContractError(`${name} must be a Standard Schema, such as z.object({ … })`);
}

function resolveVersion(
  rules: DataRules,
  version: unknown,
  schema: unknown,
  read: unknown = schema,
): VersionedSchema {
  const { detailType } = rules;
  checkVersion(version);
  checkSchema(`data of ${detailType}`, schema);
  checkSchema(`read of ${detailType}`, read);
  const readSchema = readSchemaOf(read);
  if (readSchema === undefined) {
    throw new ContractError(
      `the schema of ${detailType} turns its values into others, which it could not read back: add read, a schema of the data that is published, such as read: z.object({ … })`,
    );
  }
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return { version, major, minor, schema, readSchema, rules };
}

function resolveVersions(
  detailType: string,
  definition: RawDefinition,
): readonly VersionedSchema[] {
  const { version, data, read, versions, exposeValues = false } = definition;
  if (versions === undefined) {
    return [resolveVersion({ detailType, exposeValues }, version, data, read)];
  }
  if (version !== undefined || data !== undefined) {
    throw new ContractError(
      `${detailType} has both version and versions: write version and data, or versions alone`,
    );
  }
  if (read !== undefined) known(`read of ${detailType}`, read, versions);
  const resolved = Object.entries(versions)
    .map(([key, schema]) =>
      resolveVersion(
        { detailType: `${detailType} ${key}`, exposeValues },
        key,
        schema,
        (read as RawDefinition['versions'])?.[key],
      ),
    )
    .toSorted((one, other) => compareVersions(one.version, other.version));
  if (resolved.length === 0) {
    throw new ContractError(`versions of ${detailType} is empty: write at least { '1.0': schema }`);
  }
  return resolved;
}

function resolveDowngrades(
  detailType: string,
  versions: readonly VersionedSchema[],
  downgrade: RawDefinition['downgrade'],
): readonly Downgrade[] {
  const current = versions.at(-1);
  const majors = new Set([current?.major]);
  const resolved: Downgrade[] = [];
  for (const [version, value] of Object.entries(downgrade ?? {})) {
    if (value === undefined) continue;
    const name = `downgrade '${version}' of ${detailType}`;
    const known = versions.find((candidate) => candidate.version === version);
    if (known === undefined) {
      throw new ContractError(`${name} has no schema: add '${version}' to versions`);
    }
    if (majors.has(known.major)) {
      throw new ContractError(
        `${name} is of a major that is published already: write one downgrade for each older major`,
      );
    }
    majors.add(known.major);
    resolved.push({ ...known, downgrade: checkFunction(name, value) as Downgrade['downgrade'] });
  }
  return resolved.toSorted((one, other) => other.major - one.major);
}

/**
 * Checks a definition once and gives every field its value.
 * @throws ContractError that says what to write instead.
 */
export function resolveDefinition(definition: RawDefinition): ResolvedDefinition {
  known('defineEvent', definition, names);
  const { source, detailType } = definition;
  checkSource(source);
  checkDetailType(detailType, definition.factName);
  if (definition.factName === 'not-a-verb') admitName(detailType);
  const versions = resolveVersions(detailType, definition);
  return Object.freeze({
    source,
    detailType,
    versions,
    current: versions.at(-1) as VersionedSchema,
    downgrades: resolveDowngrades(detailType, versions, definition.downgrade),
    idempotencyKey: checkFunction(`idempotencyKey of ${detailType}`, definition.idempotencyKey),
    orderingKey: checkFunction(`orderingKey of ${detailType}`, definition.orderingKey),
    resources: checkFunction(`resources of ${detailType}`, definition.resources),
  });
}
