import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { captureTable } from './capture-table.ts';

const schema = z.object({ total: z.number().transform(String) });
type Order = { total: string };

test('mappings get what the schema makes of the images that they ask for', () => {
  captureTable({
    table: 'orders',
    schema,
    insert: (now) => void expectTypeOf(now).toEqualTypeOf<Order>(),
    modify: (now, before, change) => {
      expectTypeOf(now).toEqualTypeOf<Order>();
      expectTypeOf(before).toEqualTypeOf<Order>();
      expectTypeOf(change.keys).toEqualTypeOf<Readonly<Record<string, unknown>>>();
      return undefined;
    },
    remove: (before) => void expectTypeOf(before).toEqualTypeOf<Order>(),
    snapshot: (now) => void expectTypeOf(now).toEqualTypeOf<Order>(),
  });
  captureTable({
    table: 'orders',
    schema,
    images: 'new',
    modify: (now, before) => {
      expectTypeOf(now).toEqualTypeOf<Order>();
      expectTypeOf(before).toEqualTypeOf<undefined>();
      return undefined;
    },
    remove: (before) => void expectTypeOf(before).toEqualTypeOf<undefined>(),
  });
  // @ts-expect-error images are one of two words
  captureTable({ table: 'orders', schema, images: 'old', insert: () => undefined });
});
