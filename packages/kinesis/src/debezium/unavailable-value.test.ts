import { expect, test } from 'vitest';
import { unavailableValue } from './unavailable-value.ts';

const isUnavailable = unavailableValue('__debezium_unavailable_value');

test.each([
  '__debezium_unavailable_value',
  'X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==',
  ['__debezium_unavailable_value'],
  [...Buffer.from('__debezium_unavailable_value')],
  { __debezium_unavailable_value: '__debezium_unavailable_value' },
])('%j stands for a value that was not sent', (value) => {
  expect(isUnavailable(value)).toBe(true);
});

test.each([
  null,
  '',
  [],
  {},
  ['a', '__debezium_unavailable_value'],
  'a __debezium_unavailable_value',
])('%j is a value', (value) => {
  expect(isUnavailable(value)).toBe(false);
});

test('connectors may have another placeholder', () => {
  expect(unavailableValue('?')('?')).toBe(true);
  expect(unavailableValue('?')('__debezium_unavailable_value')).toBe(false);
});
