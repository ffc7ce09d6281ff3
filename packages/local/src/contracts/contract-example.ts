import type { AnyEventContract, Envelope } from '@tidings/contract';
import { exampleOfSchema } from './example-of-schema.ts';

/** An event of a contract, to begin with. */
export interface ContractExample {
  readonly source: string;
  readonly detailType: string;
  readonly version: string;
  readonly resources: readonly string[];
  readonly detail: object;
  /** Why the contract would not have made this event; the detail is a beginning all the same. */
  readonly problem?: string;
}

const key = { idempotencyKey: 'example' };

/** Made by the contract itself, so that it has a new id and time at each call. */
export function contractExample(contract: AnyEventContract): ContractExample {
  const { source, detailType, version } = contract;
  const data = exampleOfSchema(inputSchema(contract.versions[version]));
  try {
    const { detail, resources } = create(contract, data);
    return { source, detailType, version, resources, detail };
  } catch (error) {
    const metadata = { eventId: 'example', version, ...key, occurredAt: new Date().toISOString() };
    const problem = error instanceof Error ? error.message : String(error);
    return { source, detailType, version, resources: [], detail: { metadata, data }, problem };
  }
}

/** While a migration lasts, of the current version. */
function create(contract: AnyEventContract, data: unknown): Envelope {
  const made = withDerivedKey(contract, data) ?? contract.create(data, key);
  return (Array.isArray(made) ? made[0] : made) as Envelope;
}

/** Undefined where the contract derives no key, or refuses the data. */
function withDerivedKey(contract: AnyEventContract, data: unknown): unknown {
  try {
    return (contract.create as (data: unknown) => unknown)(data);
  } catch {
    return undefined;
  }
}

/** What the schema's library says of its input; undefined where it says nothing. */
function inputSchema(schema: AnyEventContract['versions'][string]): unknown {
  const { jsonSchema } = schema['~standard'] as {
    readonly jsonSchema?: { input(options: { readonly target: string }): unknown };
  };
  try {
    return jsonSchema?.input({ target: 'draft-2020-12' });
  } catch {
    return undefined;
  }
}
