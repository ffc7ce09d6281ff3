import type { Archive } from '../archive/archive.ts';
import type { Replay } from '../archive/replay.ts';
import type { AwsScope } from '../protocol/aws-scope.ts';
import { type BusAddress, busAddress, busArn } from '../protocol/bus-address.ts';
import type { ApiDestination, Connection } from './api-destination.ts';
import type { EventBus } from './event-bus.ts';

/** What exists in one account and region. */
export interface Region extends AwsScope {
  readonly buses: Map<string, EventBus>;
  readonly archives: Map<string, Archive>;
  readonly replays: Map<string, Replay>;
  readonly connections: Map<string, Connection>;
  readonly apiDestinations: Map<string, ApiDestination>;
  /** Tags by the ARN of what they are on. */
  readonly tags: Map<string, Map<string, string>>;
}

/** Everything that exists, over all accounts and regions. */
export interface Estate {
  /** Made when it is first asked for, with the buses that exist everywhere. */
  region(scope: AwsScope): Region;
  bus(address: BusAddress): EventBus | undefined;
  regions(): Iterable<Region>;
}

/**
 * @param everywhere Names of buses that exist in every account and region, and ARNs of
 * buses that exist where they say. `default` always exists.
 */
export function createEstate(everywhere: readonly string[], now: () => number): Estate {
  const regions = new Map<string, Region>();
  const nowhere = { account: '', region: '' };
  const given = everywhere.map((nameOrArn) => busAddress(nameOrArn, nowhere));
  const region = (scope: AwsScope): Region => {
    const key = `${scope.account}/${scope.region}`;
    let found = regions.get(key);
    if (found === undefined) {
      found = {
        account: scope.account,
        region: scope.region,
        buses: new Map(),
        archives: new Map(),
        replays: new Map(),
        connections: new Map(),
        apiDestinations: new Map(),
        tags: new Map(),
      };
      regions.set(key, found);
      const { account } = scope;
      for (const { name } of [
        { name: 'default' },
        ...given.filter((each) => each.account === '' || sameScope(each, scope)),
      ]) {
        found.buses.set(name, newBus({ account, region: scope.region, name }, now()));
      }
    }
    return found;
  };
  return {
    region,
    bus: (address) => region(address).buses.get(address.name),
    regions: () => regions.values(),
  };
}

/** A bus as CreateEventBus makes it. */
export function newBus(address: BusAddress, createdAt: number): EventBus {
  return {
    ...address,
    arn: busArn(address),
    createdAt,
    modifiedAt: createdAt,
    description: undefined,
    kmsKey: undefined,
    deadLetterConfig: undefined,
    logConfig: undefined,
    policy: new Map(),
    rules: new Map(),
  };
}

function sameScope(a: AwsScope, b: AwsScope): boolean {
  return a.account === b.account && a.region === b.region;
}
