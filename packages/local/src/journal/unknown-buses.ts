import type { Estate } from '../estate/estate.ts';
import type { BusAddress } from '../protocol/bus-address.ts';

/** A bus that events were sent to and that did not exist. */
export interface UnknownBus extends BusAddress {
  /** Events that were answered with an id and dropped. */
  readonly dropped: number;
  /** Names of the buses that exist in that account and region now. */
  readonly existing: readonly string[];
  /** Other accounts and regions that have a bus of this name now. */
  readonly elsewhere: readonly { readonly account: string; readonly region: string }[];
}

/** Counts what buses that do not exist swallowed. */
export interface UnknownBuses {
  /** To be called with each event that is dropped. */
  count(address: BusAddress): void;
  list(): readonly UnknownBus[];
  /** Calls `look` with the bus at each event that is dropped, until the result is called. */
  watch(look: (bus: UnknownBus) => void): () => void;
  clear(): void;
}

export function createUnknownBuses(estate: Estate): UnknownBuses {
  const counts = new Map<string, { readonly address: BusAddress; dropped: number }>();
  const watchers = new Set<(bus: UnknownBus) => void>();

  const told = (address: BusAddress, dropped: number): UnknownBus => ({
    ...address,
    dropped,
    existing: [...estate.region(address).buses.keys()],
    elsewhere: [...estate.regions()]
      .filter((region) => region.buses.has(address.name))
      .map(({ account, region }) => ({ account, region })),
  });
  return {
    count({ account, region, name }) {
      const key = JSON.stringify([account, region, name]);
      let counted = counts.get(key);
      if (counted === undefined) {
        counted = { address: { account, region, name }, dropped: 0 };
        counts.set(key, counted);
      }
      counted.dropped += 1;
      if (watchers.size === 0) return;
      const bus = told(counted.address, counted.dropped);
      for (const look of watchers) look(bus);
    },
    list: () => [...counts.values()].map(({ address, dropped }) => told(address, dropped)),
    watch(look) {
      watchers.add(look);
      return () => watchers.delete(look);
    },
    clear: () => counts.clear(),
  };
}
