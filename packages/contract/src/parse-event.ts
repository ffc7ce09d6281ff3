import { checkDetail, checkResources } from './check-envelope.ts';
import { ContractError } from './contract-error.ts';
import type { Envelope, EnvelopeMetadata } from './envelope.ts';
import type { ParseOptions } from './event-contract.ts';
import { timeOf } from './instant.ts';
import type { ResolvedDefinition, VersionedSchema } from './resolve-definition.ts';
import { validateData } from './validate-data.ts';

type Detail = Envelope['detail'];
type Fields = Readonly<Record<string, unknown>>;

function readFields(contract: ResolvedDefinition, raw: unknown): Fields {
  let value = raw;
  if (typeof raw === 'string') {
    try {
      value = JSON.parse(raw);
    } catch {
      throw new ContractError(`${contract.detailType} cannot be read: pass its JSON text whole`);
    }
  }
  if (typeof value !== 'object' || value === null) {
    throw new ContractError(
      `${contract.detailType} cannot be read from ${value === null ? 'null' : typeof value}: pass an event or its JSON text`,
    );
  }
  return value as Fields;
}

/** The schema of the event's version; a newer minor is read with the newest that is known. */
function schemaFor(contract: ResolvedDefinition, version: string): VersionedSchema {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const known = contract.versions.filter((candidate) => candidate.major === major);
  const fitting = known.find((candidate) => candidate.minor >= minor) ?? known.at(-1);
  if (fitting === undefined) {
    const versions = contract.versions.map((candidate) => candidate.version).join(', ');
    throw new ContractError(
      `${contract.detailType} ${version} is of a major that this contract does not know (it knows ${versions}): update the contract`,
    );
  }
  return fitting;
}

function nameIn(name: unknown): string {
  return typeof name === 'string' ? name.slice(0, 256) : typeof name;
}

function readDetail(contract: ResolvedDefinition, fields: Fields): Detail {
  const { source, detailType } = contract;
  if (fields.source !== source || fields['detail-type'] !== detailType) {
    throw new ContractError(
      `expected ${detailType} of ${source}, got ${nameIn(fields['detail-type'])} of ${nameIn(fields.source)}: parse it with its own contract`,
    );
  }
  checkDetail(fields.detail);
  checkResources(fields.resources ?? []);
  return fields.detail as Detail;
}

function finish(contract: ResolvedDefinition, fields: Fields, detail: Detail): Envelope {
  const metadata: EnvelopeMetadata = detail.metadata;
  const { rules, readSchema } = schemaFor(contract, metadata.version);
  return {
    source: contract.source,
    'detail-type': contract.detailType,
    time: timeOf(metadata.occurredAt),
    resources: (fields.resources ?? []) as readonly string[],
    detail: { metadata, data: validateData(rules, readSchema, detail.data) },
  };
}

/**
 * Reads an event of a contract back from an envelope, a delivered event or JSON text.
 * @throws ContractError
 */
export function parseEvent(
  contract: ResolvedDefinition,
  raw: unknown,
  options?: ParseOptions,
): Envelope | Promise<Envelope> {
  if (options === undefined) {
    const fields = readFields(contract, raw);
    const detail = readDetail(contract, fields);
    if ((detail.metadata.claimCheck ?? []).length > 0) {
      throw new ContractError(
        `${contract.detailType} ${detail.metadata.eventId} has data behind a claim check: pass parse a resolver, { claimCheck }`,
      );
    }
    return finish(contract, fields, detail);
  }
  return (async () => {
    const fields = readFields(contract, raw);
    const detail = readDetail(contract, fields);
    return finish(contract, fields, await options.claimCheck(detail));
  })();
}
