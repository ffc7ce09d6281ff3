import { expect, test } from 'vitest';
import { formatTableName, parseTableName } from './table-name.ts';

test.each([
  ['orders', 'public', 'orders', 'public.orders'],
  ['Shop.Orders', 'shop', 'orders', 'shop.orders'],
  ['shop."Order Lines"', 'shop', 'Order Lines', 'shop."Order Lines"'],
  ['User.ORDER', 'user', 'order', '"user"."order"'],
  ['ÉTÉ', 'public', 'ÉtÉ', 'public."ÉtÉ"'],
  ['"a.b"."say ""hi"""', 'a.b', 'say "hi"', '"a.b"."say ""hi"""'],
])('%s', (text, schema, table, label) => {
  const name = parseTableName(text);
  expect(name).toEqual({ schema, table });
  expect(formatTableName(name)).toBe(label);
  expect(parseTableName(formatTableName(name))).toEqual(name);
});

test.each(['', 'a.b.c', 'two words', '"open', '""', undefined])('refuses %s', (text) => {
  expect(() => parseTableName(text as string)).toThrow('table must be a name such as');
});
