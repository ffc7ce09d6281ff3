import type { StandardSchemaV1 } from '@standard-schema/spec';
import { compareSchemas } from './compare-schemas.ts';
import { ContractError } from './contract-error.ts';
import { compareVersions } from './contract-version.ts';
import type { AnyEventContract } from './event-contract.ts';
import { jsonSchemaOf } from './json-schema-of.ts';

/**
 * Holds a contract to "a minor only adds": compares the JSON Schemas of the minors of each
 * major, one with the next. Made for a producer's tests and for CI, where it costs no cold
 * start; for versions that are literals the compiler has compared the types already, which
 * know nothing of bounds, patterns and optional properties that went away.
 *
 * Returns the pairs of versions that could not be compared, because their library offers no
 * JSON Schema: these are taken at their word.
 * @throws ContractError that lists what breaks readers of the older minor.
 */
export function checkMinors(
  contract: Pick<AnyEventContract, 'detailType' | 'outputs'>,
): readonly (readonly [older: string, newer: string])[] {
  const unknown: [string, string][] = [];
  const { detailType, outputs } = contract;
  const versions = Object.keys(outputs).toSorted(compareVersions);
  for (const [index, newer] of versions.entries()) {
    const older = versions[index - 1];
    if (older === undefined || older.split('.')[0] !== newer.split('.')[0]) continue;
    const was = jsonSchemaOf(outputs[older] as StandardSchemaV1);
    const is = jsonSchemaOf(outputs[newer] as StandardSchemaV1);
    if (was === undefined || is === undefined) {
      unknown.push([older, newer]);
      continue;
    }
    const breaking = compareSchemas(was, is).filter(({ kind }) => kind === 'breaking');
    if (breaking.length === 0) continue;
    const reasons = breaking.map(({ path, reason }) => `${path} ${reason}`).join('; ');
    throw new ContractError(
      `${detailType} ${newer} breaks readers of ${older} (${reasons}): make it a new major`,
    );
  }
  return unknown;
}
