import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  atEnd,
  atStart,
  forgettableShards,
  type ListedShard,
  lostShards,
  readyShards,
  type ShardProgress,
} from './shard-lineage.ts';

/** Shards in the order of their making; each but the first few descends from an earlier one. */
const family: fc.Arbitrary<readonly ListedShard[]> = fc
  .array(fc.option(fc.nat(), { nil: undefined }), { minLength: 1, maxLength: 20 })
  .map((parents) =>
    parents.map((parent, index) => ({
      id: `s${index}`,
      parent: parent === undefined || index === 0 ? undefined : `s${parent % index}`,
    })),
  );

test('every shard is read, and none before the one it was split from', () => {
  fc.assert(
    fc.property(family, fc.infiniteStream(fc.nat()), (shards, picks) => {
      const progress = new Map<string, ShardProgress>();
      const read: string[] = [];
      for (let ready = readyShards(shards, progress); ready.length > 0; ) {
        const shard = ready[(picks.next().value as number) % ready.length] as ListedShard;
        read.push(shard.id);
        progress.set(shard.id, atEnd);
        ready = readyShards(shards, progress);
      }
      expect(read.toSorted()).toEqual(shards.map(({ id }) => id).toSorted());
      for (const { id, parent } of shards) {
        if (parent !== undefined) expect(read.indexOf(parent)).toBeLessThan(read.indexOf(id));
      }
    }),
  );
});

test('what was trimmed is lost exactly where it was not read to its end', () => {
  fc.assert(
    fc.property(
      family,
      fc.infiniteStream(fc.constantFrom<ShardProgress | undefined>(atStart, '17', atEnd)),
      fc.nat(),
      (shards, states, trimmed) => {
        // All shards were known; the oldest are trimmed by now.
        const stored = new Map(shards.map(({ id }) => [id, states.next().value as string]));
        const listed = shards.slice(trimmed % shards.length);
        const gone = shards.slice(0, trimmed % shards.length);
        expect(lostShards(listed, stored).map(({ shard }) => shard)).toEqual(
          gone.map(({ id }) => id).filter((id) => stored.get(id) !== atEnd),
        );
      },
    ),
  );
});

test('a first start loses nothing, whatever is trimmed', () => {
  fc.assert(
    fc.property(family, fc.nat(), (shards, trimmed) => {
      const listed = shards.slice(trimmed % shards.length);
      expect(lostShards(listed, new Map())).toEqual([]);
      expect(readyShards(listed, new Map()).length).toBeGreaterThan(0);
    }),
  );
});

test('a shard that came and went while nobody read is a loss', () => {
  const listed = [{ id: 'grandchild', parent: 'child' }];
  expect(lostShards(listed, new Map([['parent', atEnd]]))).toEqual([
    { shard: 'child', after: atStart },
  ]);
  expect(lostShards(listed, new Map([['child', atEnd]]))).toEqual([]);
});

test('progress is forgotten when no listed shard needs it, and never before its end', () => {
  const listed = [
    { id: 'child', parent: 'parent' },
    { id: 'open', parent: undefined },
  ];
  const stored = new Map([
    ['grandparent', atEnd],
    ['parent', atEnd],
    ['child', '17'],
    ['gone', '4'],
  ]);
  expect(forgettableShards(listed, stored)).toEqual(['grandparent']);
});
