/** Bounds of one request. */
export interface PackLimits {
  /** Entries a request; PutEvents takes 10. */
  readonly maxEntries: number;
  /** Sum of the entries' bytes a request. */
  readonly maxBytes: number;
}

/** What is packed: something that has a size. */
export interface Sized {
  readonly bytes: number;
}

/** The items of one request, and whether another one could have been added. */
export interface Pack<Item> {
  readonly items: Item[];
  /** How many places of the source the pack used up, skipped ones included. */
  readonly taken: number;
  /** True where the count is reached or the next item does not fit. */
  readonly full: boolean;
}

/**
 * The longest run of items, in order, that one request can carry. Taking the longest
 * run each time makes as few requests as any packing that keeps the order. An item
 * that `skip` names is passed over. An item that is larger than a request gets a
 * request of its own: the caller refuses such items before.
 */
export function nextPack<Item extends Sized>(
  at: (offset: number) => Item | undefined,
  limits: PackLimits,
  skip: (item: Item) => boolean,
): Pack<Item> {
  const items: Item[] = [];
  let bytes = 0;
  let offset = 0;
  for (;;) {
    if (items.length === limits.maxEntries) return { items, taken: offset, full: true };
    const item = at(offset);
    if (item === undefined) return { items, taken: offset, full: false };
    if (!skip(item)) {
      if (items.length > 0 && bytes + item.bytes > limits.maxBytes) {
        return { items, taken: offset, full: true };
      }
      items.push(item);
      bytes += item.bytes;
    }
    offset += 1;
  }
}
