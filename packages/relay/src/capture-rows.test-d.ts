import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { captureRows } from './capture-rows.ts';
import { rowEntity } from './row-entity.ts';

const schema = z.object({ total: z.number().transform(String) });
type Order = { total: string };

test('mappings get what the schema makes of the images that the feed carries', () => {
  captureRows({
    entity: { name: 'order', schema },
    insert: (now) => void expectTypeOf(now).toEqualTypeOf<Order>(),
    modify: (now, before, change) => {
      expectTypeOf(now).toEqualTypeOf<Order>();
      expectTypeOf(before).toEqualTypeOf<Order>();
      expectTypeOf(change.changedPaths).toEqualTypeOf<readonly string[]>();
      return undefined;
    },
    remove: (before) => void expectTypeOf(before).toEqualTypeOf<Order>(),
    expire: (before) => void expectTypeOf(before).toEqualTypeOf<Order>(),
  });
  captureRows(
    {
      entity: { name: 'order', schema, images: 'new' },
      modify: (now, before) => {
        expectTypeOf(now).toEqualTypeOf<Order>();
        expectTypeOf(before).toEqualTypeOf<undefined>();
        return undefined;
      },
    },
    {
      entity: { name: 'user', schema: z.object({ email: z.string() }), images: 'keys' },
      insert: (now) => void expectTypeOf(now).toEqualTypeOf<undefined>(),
      remove: (before) => void expectTypeOf(before).toEqualTypeOf<undefined>(),
    },
    {
      entity: { name: 'user', schema: z.object({ email: z.string() }), images: 'old' },
      modify: (now, before) => {
        expectTypeOf(now).toEqualTypeOf<undefined>();
        expectTypeOf(before).toEqualTypeOf<{ email: string }>();
        return undefined;
      },
    },
  );
});

test('an entity that was written before keeps its types', () => {
  const entity = rowEntity({ name: 'order', schema, match: ({ keys }) => keys.pk === 'ORDER#1' });
  const news = rowEntity({ name: 'order', schema, images: 'new' });
  captureRows(
    { entity, insert: (now) => void expectTypeOf(now).toEqualTypeOf<Order>() },
    { entity: news, remove: (before) => void expectTypeOf(before).toEqualTypeOf<undefined>() },
  );
});

test('what is no event is refused', () => {
  captureRows({
    entity: { name: 'order', schema },
    // @ts-expect-error a mapping returns events
    insert: () => ({ total: '1' }),
  });
});
