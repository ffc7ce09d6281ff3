import { defineEvent } from '@tidings/contract';
import type { MappedTableChange } from '@tidings/postgres';
import { z } from 'zod';

/** Tells of a change of any row, as a test's mapping saw it. */
export const RowChanged = defineEvent({
  source: 'com.acme.shop',
  detailType: 'RowChanged',
  version: '1.0',
  data: z.object({
    kind: z.string(),
    table: z.string(),
    changeId: z.string(),
    keys: z.record(z.string(), z.unknown()),
    now: z.unknown(),
    before: z.unknown(),
    previousKeys: z.unknown(),
  }),
});

type RowChangedEvents = ReturnType<typeof RowChanged.create>;

/** Mappings of all operations that tell everything they were given. */
export function tellEverything(): {
  insert(now: unknown, change: MappedTableChange): RowChangedEvents;
  modify(now: unknown, before: unknown, change: MappedTableChange): RowChangedEvents;
  remove(before: unknown, change: MappedTableChange): RowChangedEvents;
} {
  const tell = (kind: string, now: unknown, before: unknown, change: MappedTableChange) =>
    RowChanged.create(
      {
        kind,
        table: change.table,
        changeId: change.id,
        keys: change.keys,
        now: now ?? null,
        before: before ?? null,
        previousKeys: change.previousKeys ?? null,
      },
      { idempotencyKey: change.id },
    );
  return {
    insert: (now, change) => tell('insert', now, undefined, change),
    modify: (now, before, change) => tell('modify', now, before, change),
    remove: (before, change) => tell('remove', undefined, before, change),
  };
}
