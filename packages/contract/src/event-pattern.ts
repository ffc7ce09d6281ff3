import { ContractError } from './contract-error.ts';
import type { ContractTypes, EventContract } from './event-contract.ts';
import type { EventFilter } from './event-filter.ts';
import { matcherJson, prefix } from './pattern-matchers.ts';

/** An event pattern as a rule takes it: `JSON.stringify` it for PutRule. */
export interface EventPattern {
  readonly source: readonly string[];
  readonly 'detail-type': readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
  readonly resources?: readonly unknown[];
  readonly account?: readonly unknown[];
  readonly region?: readonly unknown[];
  readonly 'replay-name'?: readonly unknown[];
}

/** Longest pattern that a rule takes, in characters. */
const maxPatternLength = 2048;

function jsonOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && matcherJson in value
    ? value[matcherJson]
    : value;
}

/** Turns a filter into JSON: every leaf becomes an array. */
function patternOf(filter: unknown, path: string): unknown {
  const isOr = path.endsWith('.$or');
  if (Array.isArray(filter)) {
    if (filter.length < (isOr ? 2 : 1)) {
      throw new ContractError(
        isOr
          ? `${path} needs two filters or more: write a single one without $or`
          : `${path} is empty, which no pattern may be: leave it out`,
      );
    }
    return filter.map((item, index) =>
      isOr ? patternOf(item, `${path}[${index}]`) : jsonOf(item),
    );
  }
  const json = jsonOf(filter);
  if (json !== filter) return [json];
  if (typeof filter !== 'object' || filter === null) {
    throw new ContractError(`${path} must be an array of values or a matcher: write [value]`);
  }
  const members = Object.entries(filter).filter(([, member]) => member !== undefined);
  if (members.length === 0) {
    throw new ContractError(`${path} is empty, which no pattern may be: leave it out`);
  }
  return Object.fromEntries(
    members.map(([key, member]) => [key, patternOf(member, `${path}.${key}`)]),
  );
}

/**
 * The pattern of a rule for a contract's events:
 *
 * ```ts
 * eventPattern(OrderPlaced, {
 *   data: { totalCents: numeric('>=', 50_000), currency: ['USD', 'CAD'] },
 * });
 * ```
 *
 * Paths and types are the contract's: a property that it does not have is a compile error.
 * The pattern asks for one major, the current one unless `version` says otherwise, so that
 * a rule gets each event once while a migration publishes two.
 * @throws ContractError for a pattern that EventBridge would refuse.
 */
export function eventPattern<
  Types extends ContractTypes,
  Version extends keyof Types['versions'] & string = Types['current'],
>(contract: EventContract<Types>, filter: EventFilter<Types, Version> = {}): EventPattern {
  const { version = contract.version, data, metadata, ...fields } = filter;
  if (!Object.hasOwn(contract.versions, version)) {
    const known = Object.keys(contract.versions).join(', ');
    throw new ContractError(
      `${contract.detailType} has no version ${version}: write one of ${known}`,
    );
  }
  const detail = {
    metadata: { version: prefix(`${version.split('.')[0]}.`), ...(metadata as object) },
    data,
  };
  const pattern = {
    source: [contract.source],
    'detail-type': [contract.detailType],
    ...(patternOf({ detail, ...fields }, 'pattern') as Pick<EventPattern, 'detail'>),
  };
  const { length } = JSON.stringify(pattern);
  if (length > maxPatternLength) {
    throw new ContractError(
      `the pattern of ${contract.detailType} must be at most ${maxPatternLength} characters, got ${length}: ask for less, or split it into two rules`,
    );
  }
  return pattern;
}
