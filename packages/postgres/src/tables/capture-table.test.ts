import { expect, test } from 'vitest';
import { z } from 'zod';
import { captureTable } from './capture-table.ts';
import { tableSource } from './table-source.ts';

const schema = z.object({ id: z.number() });
const mapping = { table: 'orders', schema, insert: () => undefined };
const nothing = (): undefined => undefined;

test('a mapping says which operations it needs, and whether it reads the old row', () => {
  expect(captureTable(mapping)).toMatchObject({ operations: ['insert'], needsOldRow: false });
  expect(captureTable({ table: 'orders', schema, remove: nothing })).toMatchObject({
    operations: ['delete', 'truncate'],
    needsOldRow: true,
  });
  expect(captureTable({ table: 'orders', schema, images: 'new', modify: nothing })).toMatchObject({
    operations: ['update'],
    needsOldRow: false,
  });
});

test.each([
  [{ ...mapping, table: 'a b' }, 'table must be a name'],
  [{ ...mapping, images: 'old' }, "images of table public.orders must be 'new-and-old' or 'new'"],
  [{ table: 'orders', schema }, 'mapping of public.orders maps nothing'],
  [{ ...mapping, update: nothing }, 'mapping of public.orders knows no "update"'],
  [{ ...mapping, schema: {} }, 'schema of entity public.orders must be a Standard Schema'],
])('a malformed mapping is refused at once: %#', (malformed, message) => {
  expect(() => captureTable(malformed as never)).toThrow(message);
});

test.each([
  [{ tables: [] }, 'tables must hold at least one captureTable'],
  [{ tables: [captureTable(mapping), captureTable(mapping)] }, 'public.orders is captured twice'],
  [{ onSlotLoss: 'heal' }, "onSlotLoss must be 'halt' or 'snapshot', got 'heal'"],
  [{ onSlotLoss: 'snapshot' }, 'needs a snapshot mapping for each table, and public.orders'],
  [{ slot: 'Orders' }, 'slot must be'],
])('options that cannot work are refused at once: %#', (wrong, message) => {
  const options = { connection: 'postgres://x', slot: 'orders', tables: [captureTable(mapping)] };
  expect(() => tableSource({ ...options, ...wrong } as never)).toThrow(message);
});
