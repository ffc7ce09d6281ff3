import { ConfigurationError } from './configuration-error.ts';
import type { RowOperation } from './row-change.ts';
import { checkEntity } from './row-entity.ts';
import type { RowMapping } from './row-mapping.ts';

const operations: readonly RowOperation[] = ['insert', 'modify', 'remove', 'expire'];

/**
 * Checks a mapping that no compiler may have seen.
 * @throws ConfigurationError
 */
export function checkMapping(mapping: RowMapping): RowMapping {
  checkEntity(mapping?.entity);
  const { name } = mapping.entity;
  const known: readonly string[] = ['entity', ...operations];
  const unknown = Object.keys(mapping).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new ConfigurationError(
      `mapping of ${name} knows no "${unknown}": write ${operations.join(', ')}`,
    );
  }
  const given = operations.filter((operation) => mapping[operation] !== undefined);
  if (given.length === 0) {
    throw new ConfigurationError(
      `mapping of ${name} maps nothing: give it at least one of ${operations.join(', ')}`,
    );
  }
  const wrong = given.find((operation) => typeof mapping[operation] !== 'function');
  if (wrong !== undefined) {
    throw new ConfigurationError(
      `${wrong} of ${name} must be a function, got ${typeof mapping[wrong]}`,
    );
  }
  return mapping;
}
