import { expect, test } from 'vitest';
import { instantMs, instantText, isInstant, timeOf } from './instant.ts';

test('an instant is written and read back, whatever was written or read before', () => {
  const instants = [0, 1, 1_780_797_600_123, -1, 1_780_797_600_123, 253_402_300_799_999];
  for (const ms of instants) {
    const text = instantText(ms);
    expect(text).toBe(new Date(ms).toISOString());
    expect(timeOf(text)).toBe(`${text.slice(0, 19)}Z`);
    expect(instantMs(text)).toBe(ms);
  }
  expect(timeOf('2026-06-07T02:00:00.123Z')).toBe('2026-06-07T02:00:00Z');
});

test.each([
  '2026-02-30T00:00:00.000Z',
  '2026-06-31T23:59:59.999Z',
  '2026-06-07T24:00:00.000Z',
  '2026-06-07T02:00:60.000Z',
  '2026-06-07T02:00:00Z',
  '2026-06-07T02:00:00.123+00:00',
  '',
  undefined,
  1_780_797_600_123,
])('%s is no instant, and is not taken for one afterwards', (value) => {
  expect(instantMs(value)).toBeNaN();
  expect(instantMs(value)).toBeNaN();
  expect(instantText(Date.parse('2026-03-02T00:00:00.000Z'))).toBe('2026-03-02T00:00:00.000Z');
});

test.each([
  ['0000-01-01T00:00:00.000Z', true],
  ['9999-12-31T23:59:59.999Z', true],
  ['-000001-12-31T23:59:59.999Z', false],
  ['+010000-01-01T00:00:00.000Z', false],
  ['no time', false],
])('a Date of %s: %s', (text, expected) => {
  expect(isInstant(new Date(text))).toBe(expected);
});
