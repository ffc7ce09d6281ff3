import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nextPack, type Sized } from './packing.ts';

const limits = { maxEntries: 10, maxBytes: 1_000 };
const items = fc.array(
  fc.record({ bytes: fc.integer({ min: 1, max: 1_000 }), skipped: fc.boolean() }),
  { maxLength: 60 },
);

function packAll<Item extends Sized>(list: Item[], skip: (item: Item) => boolean): Item[][] {
  const packs: Item[][] = [];
  let start = 0;
  while (start < list.length) {
    const pack = nextPack((offset) => list[start + offset], limits, skip);
    if (pack.items.length > 0) packs.push(pack.items);
    start += pack.taken;
  }
  return packs;
}

it('packs every item that is not skipped, once, in order, within the limits', () => {
  const property = fc.property(items, (list) => {
    const packs = packAll(list, (item) => item.skipped);
    expect(packs.flat()).toEqual(list.filter((item) => !item.skipped));
    for (const pack of packs) {
      expect(pack.length).toBeLessThanOrEqual(limits.maxEntries);
      expect(pack.reduce((sum, item) => sum + item.bytes, 0)).toBeLessThanOrEqual(limits.maxBytes);
    }
  });
  fc.assert(property);
});

it('makes as few requests as any packing that keeps the order', () => {
  const property = fc.property(items, (list) => {
    const kept = list.filter((item) => !item.skipped);
    // fewest[i]: requests that the first i items need at least.
    const fewest = [0];
    for (let end = 1; end <= kept.length; end += 1) {
      let best = Number.POSITIVE_INFINITY;
      let bytes = 0;
      for (let start = end - 1; start >= 0 && end - start <= limits.maxEntries; start -= 1) {
        bytes += kept[start]?.bytes ?? 0;
        if (bytes > limits.maxBytes) break;
        best = Math.min(best, (fewest[start] ?? 0) + 1);
      }
      fewest.push(best);
    }
    expect(packAll(list, (item) => item.skipped)).toHaveLength(fewest[kept.length] ?? 0);
  });
  fc.assert(property);
});

it('says whether another item could have been added', () => {
  const of = (...sizes: number[]) => sizes.map((bytes) => ({ bytes }));
  const full = (list: Sized[]) =>
    nextPack(
      (offset) => list[offset],
      limits,
      () => false,
    ).full;
  expect(full(of(1, 1, 1))).toBe(false);
  expect(full(of(600, 401))).toBe(true);
  expect(full(of(600, 400))).toBe(false);
  expect(full(of(1, 1, 1, 1, 1, 1, 1, 1, 1, 1))).toBe(true);
});
