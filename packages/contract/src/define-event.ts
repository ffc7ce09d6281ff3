import type { StandardSchemaV1 } from '@standard-schema/spec';
import { createEvents } from './create-event.ts';
import type { KeyedCreateOptions } from './create-options.ts';
import type { EventContract, ParseOptions } from './event-contract.ts';
import type {
  CurrentData,
  CurrentOf,
  Downgrades,
  EventDefinition,
  SchemaVersions,
  VersionsOf,
} from './event-definition.ts';
import type { FactNameRule } from './fact-name.ts';
import { parseEvent } from './parse-event.ts';
import {
  type RawDefinition,
  type ResolvedDefinition,
  resolveDefinition,
  type VersionedSchema,
} from './resolve-definition.ts';

function byVersion<Of>(
  { versions }: ResolvedDefinition,
  of: (version: VersionedSchema) => Of,
): Readonly<Record<string, Of>> {
  return Object.freeze(Object.fromEntries(versions.map((each) => [each.version, of(each)])));
}

/**
 * Defines a kind of event:
 *
 * ```ts
 * export const OrderPlaced = defineEvent({
 *   source: 'com.acme.orders',
 *   detailType: 'OrderPlaced',
 *   version: '1.0',
 *   data: z.object({ orderId: z.string(), totalCents: z.int() }),
 *   idempotencyKey: (order) => `order-${order.orderId}-placed`,
 * });
 * ```
 *
 * Where source, detail-type and version are literals, the compiler refuses wrong ones, and
 * its error is the sentence that says what to write. Everything is checked again at run
 * time, at once, so that a service with a malformed contract does not start.
 *
 * `versions` in place of `version` and `data` knows several: the highest is current. The
 * compiler refuses a minor whose type breaks its predecessor's; `checkMinors` compares their
 * JSON Schemas.
 * @throws ContractError that says what to write instead.
 */
export function defineEvent<
  const Source extends string,
  const DetailType extends string,
  const Version extends string,
  Schema extends StandardSchemaV1,
  Downgrade extends Downgrades<Versions> | undefined,
  Key extends ((data: CurrentData<VersionsOf<Version, Schema, Versions>>) => string) | undefined,
  Versions extends SchemaVersions = Readonly<Record<never, never>>,
  const Rule extends FactNameRule = 'past-tense',
>(
  definition: EventDefinition<Source, DetailType, Rule, Version, Schema, Versions, Downgrade, Key>,
): EventContract<{
  detailType: DetailType;
  versions: VersionsOf<Version, Schema, Versions>;
  current: CurrentOf<VersionsOf<Version, Schema, Versions>>;
  downgraded: undefined extends Downgrade ? never : keyof Downgrade & string;
  key: undefined extends Key ? 'given' : 'derived';
}> {
  const contract = resolveDefinition(definition as RawDefinition);
  const { source, detailType, current, downgrades } = contract;
  const made = {
    source,
    detailType,
    version: current.version,
    versions: byVersion(contract, ({ schema }) => schema),
    outputs: byVersion(contract, ({ readSchema }) => readSchema),
    create(data: unknown, options?: KeyedCreateOptions): unknown {
      const events = createEvents(contract, data, options);
      return downgrades.length === 0 ? events[0] : Object.freeze(events);
    },
    parse: (raw: unknown, options?: ParseOptions): unknown => parseEvent(contract, raw, options),
  };
  // The types follow from the definition's, which the checks above do not carry.
  return Object.freeze(made) as never;
}
