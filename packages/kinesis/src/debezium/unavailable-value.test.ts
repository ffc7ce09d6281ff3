import { describe, expect, test } from 'vitest';
import { unavailableValue } from './unavailable-value.ts';

const isUnavailable = unavailableValue('__debezium_unavailable_value');

test.each([
  ['__debezium_unavailable_value'],
  ['X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=='],
  [['__debezium_unavailable_value']],
  [[...Buffer.from('__debezium_unavailable_value')]],
  [{ __debezium_unavailable_value: '__debezium_unavailable_value' }],
])('%j stands for a value that was not sent', (value) => {
  expect(isUnavailable(value)).toBe(true);
});

test.each([
  [null],
  [''],
  [[]],
  [{}],
  [['a', '__debezium_unavailable_value']],
  ['a __debezium_unavailable_value'],
])('%j is a value', (value) => {
  expect(isUnavailable(value)).toBe(false);
});

test('connectors may have another placeholder', () => {
  expect(unavailableValue('?')('?')).toBe(true);
  expect(unavailableValue('?')('__debezium_unavailable_value')).toBe(false);
});

describe('a placeholder in hexadecimal', () => {
  const isGone = unavailableValue('hex:0ff0');

  test.each([
    ['text', Buffer.from([0x0f, 0xf0]).toString()],
    ['a connector that takes it by the letter', 'hex:0ff0'],
    ['bytes in base64', 'D/A='],
    ['bytes in base64 for URLs', 'D_A='],
    ['bytes in base64 for URLs without padding', 'D_A'],
    ['bytes in hexadecimal', '0ff0'],
    ['an array of text', ['\u000f\ufffd']],
    ['an array of bytes', ['D/A=']],
    ['an array of integers, as Java signs bytes', [15, -16]],
    ['an array of integers', [15, 240]],
    ['a map', { '\u000f\ufffd': '\u000f\ufffd' }],
    ['a map as JSON text', '{"\\u000f\ufffd":"\\u000f\ufffd"}'],
    ['a map as Java writes JSON text', '{"\\u000F\ufffd":"\\u000F\ufffd"}'],
  ])('is told in %s', (_, value) => {
    expect(isGone(value)).toBe(true);
  });

  test.each([['0ff0 '], ['D/B='], [[15, -17]], [[15]], [[-16, 15]], [{ hex: '0ff0' }]])(
    '%j is a value',
    (value) => {
      expect(isGone(value)).toBe(false);
    },
  );

  test.each(['hex:', 'hex:0', 'hex:0x0f', 'hex:gg'])('%s is refused', (placeholder) => {
    expect(() => unavailableValue(placeholder)).toThrow(
      `unavailablePlaceholder must have pairs of hexadecimal digits behind hex:, got '${placeholder}'`,
    );
  });
});

test('bytes of a placeholder beyond ASCII are signed in arrays of integers', () => {
  expect(unavailableValue('é')([-61, -87])).toBe(true);
});

test('the UUID of a placeholder is the one that Java makes of its bytes', () => {
  // UUID.nameUUIDFromBytes("hello".getBytes()) as its users quote it.
  expect(unavailableValue('hello')(['5d41402a-bc4b-3a76-b971-9d911017c592'])).toBe(true);
});
