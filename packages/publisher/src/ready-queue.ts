/**
 * First in, first out, with a look ahead. The head moves instead of the items, so
 * that taking from a queue of a hundred thousand costs as much as from one of ten.
 */
export interface ReadyQueue<Item> {
  readonly length: number;
  push(item: Item): void;
  /** The item `offset` places behind the head. */
  at(offset: number): Item | undefined;
  /** Drops the first `count` items. */
  drop(count: number): void;
}

/** Below this many dropped places, moving the rest would cost more than it frees. */
const COMPACT_AT = 1024;

export function readyQueue<Item>(): ReadyQueue<Item> {
  let items: (Item | undefined)[] = [];
  let head = 0;
  return {
    get length() {
      return items.length - head;
    },
    push(item) {
      items.push(item);
    },
    at(offset) {
      return items[head + offset];
    },
    drop(count) {
      const end = Math.min(head + count, items.length);
      // A dropped event must not stay in memory until the queue is compacted.
      items.fill(undefined, head, end);
      head = end;
      if (head === items.length) {
        items = [];
        head = 0;
      } else if (head > COMPACT_AT && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
    },
  };
}
