import { type BusAddress, busAddress } from './protocol/bus-address.ts';

/** The event buses that exist, over all accounts and regions. */
export interface BusDirectory {
  has(address: BusAddress): boolean;
}

/**
 * @param everywhere Names that exist in every account and region, and ARNs that exist
 * where they say. `default` always exists.
 */
export function createBusDirectory(everywhere: readonly string[]): BusDirectory {
  const names = new Set(['default']);
  const addresses = new Set<string>();
  const nowhere = { account: '', region: '' };
  for (const nameOrArn of everywhere) {
    const address = busAddress(nameOrArn, nowhere);
    if (address.account === '') names.add(address.name);
    else addresses.add(key(address));
  }
  return { has: (address) => names.has(address.name) || addresses.has(key(address)) };
}

function key(address: BusAddress): string {
  return `${address.account}/${address.region}/${address.name}`;
}
