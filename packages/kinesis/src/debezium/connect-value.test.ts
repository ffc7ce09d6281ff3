import { expect, test } from 'vitest';
import { connectValue } from './connect-value.ts';

const debezium = (name: string) => ({ type: 'int64', name: `io.debezium.time.${name}` });
const connect = (name: string) => ({
  type: 'int64',
  name: `org.apache.kafka.connect.data.${name}`,
});

test.each([
  [debezium('Date'), 20611, '2026-06-07'],
  [debezium('Date'), -1, '1969-12-31'],
  [debezium('Time'), 30_600_000, '08:30:00'],
  [debezium('MicroTime'), 30_600_000_001, '08:30:00.000001'],
  [debezium('MicroTime'), 86_400_000_000, '24:00:00'],
  [debezium('MicroTime'), -3_020_399_000_000, '-838:59:59'],
  [debezium('NanoTime'), 1, '00:00:00.000000001'],
  [debezium('Timestamp'), 1_529_507_596_945, '2018-06-20T15:13:16.945'],
  [debezium('MicroTimestamp'), 1_529_507_596_945_104, '2018-06-20T15:13:16.945104'],
  [debezium('MicroTimestamp'), -1, '1969-12-31T23:59:59.999999'],
  [debezium('MicroTimestamp'), 9223372036825200000n, 'infinity'],
  [debezium('MicroTimestamp'), -9223372036832400000n, '-infinity'],
  [debezium('NanoTimestamp'), 1_529_507_596_945_104_001n, '2018-06-20T15:13:16.945104001'],
  [debezium('ZonedTimestamp'), '2018-06-20T13:37:03.945104Z', '2018-06-20T13:37:03.945104Z'],
  [debezium('ZonedTime'), '15:13:16.945104Z', '15:13:16.945104Z'],
  [debezium('Year'), 2026, 2026],
  [debezium('MicroDuration'), 12345678901234567n, 12345678901234567n],
  [connect('Date'), 0, '1970-01-01'],
  [connect('Time'), 1, '00:00:00.001'],
  [connect('Timestamp'), 0, '1970-01-01T00:00:00'],
])('%j of %s', (schema, value, expected) => {
  expect(connectValue(value, schema)).toBe(expected);
});

test('doubles are numbers however they were written, and what is none stays text', () => {
  const double = { type: 'double' };
  expect(connectValue(10n ** 22n, double)).toBe(1e22);
  expect(connectValue('0.30000000000000004441', double)).toBe(0.30000000000000004);
  expect(connectValue('NaN', double)).toBe('NaN');
});

test('structures are read to their depth', () => {
  const date = { ...debezium('Date'), field: 'on' };
  const schema = {
    type: 'array',
    items: { type: 'map', keys: { type: 'string' }, values: { type: 'struct', fields: [date] } },
  };
  expect(connectValue([{ a: { on: 0, left: null } }], schema)).toEqual([
    { a: { on: '1970-01-01', left: null } },
  ]);
});

test.each([
  [debezium('Date'), 2 ** 40, 'a date'],
  [debezium('MicroTimestamp'), 'soon', 'an integer'],
  [{ type: 'bytes' }, 'not base64!', 'bytes in base64'],
  [{ type: 'bytes', name: 'org.apache.kafka.connect.data.Decimal' }, 'C+o=', 'a scale'],
  [{ type: 'string', name: 'io.debezium.data.Json' }, '{', 'JSON text'],
])('%j refuses %s', (schema, value, message) => {
  expect(() => connectValue(value, schema)).toThrow(message);
});
