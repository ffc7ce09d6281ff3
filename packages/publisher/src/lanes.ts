import type { Item } from './item.ts';

/**
 * Keeps events with the same ordering key apart: one of them is on its way, the others
 * wait in their lane in the order in which they came.
 */
export interface Lanes {
  /** True where the item may go at once; otherwise it waits in its lane. */
  enter(item: Item): boolean;
  /** The item that may go now that this one has left its lane. */
  leave(item: Item): Item | undefined;
  /**
   * Takes those behind an item that was not delivered out of its lane: whoever publishes
   * that event again can only keep the order if they are held back too. The item itself
   * keeps its place where its request is still on its way; `leave` ends that.
   */
  breakOff(item: Item, staysInFlight: boolean): readonly Item[];
}

/** Lanes by ordering key. Events without a key have none, and go at once. */
export function keyLanes(): Lanes {
  /** First the item on its way, then those that wait. */
  const lanes = new Map<string, Item[]>();
  return {
    enter(item) {
      const key = item.entry.event.orderingKey;
      if (key === undefined) return true;
      const lane = lanes.get(key);
      if (lane === undefined) {
        lanes.set(key, [item]);
        return true;
      }
      lane.push(item);
      return false;
    },
    leave(item) {
      const key = item.entry.event.orderingKey;
      const lane = key === undefined ? undefined : lanes.get(key);
      if (key === undefined || lane?.[0] !== item) return undefined;
      let decided = 1;
      while (lane[decided]?.decided === true) decided += 1;
      lane.splice(0, decided);
      if (lane.length === 0) lanes.delete(key);
      return lane[0];
    },
    breakOff(item, staysInFlight) {
      const key = item.entry.event.orderingKey;
      const lane = key === undefined ? undefined : lanes.get(key);
      const place = lane?.indexOf(item) ?? -1;
      if (key === undefined || lane === undefined || place < 0) return [];
      const behind = lane.splice(place + 1);
      if (!staysInFlight) lane.pop();
      if (lane.length === 0) lanes.delete(key);
      return behind;
    },
  };
}

/** No lanes: every event goes at once. */
export const noLanes: Lanes = {
  enter: () => true,
  leave: () => undefined,
  breakOff: () => [],
};
