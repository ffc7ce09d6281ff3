import { expect, test } from 'vitest';
import { retryAfterOf } from './retry-after.ts';

const NOW = Date.parse('2026-06-07T02:00:00Z');

test.each([
  [{ 'retry-after': '3' }, 3_000],
  [{ 'retry-after': '3000000' }, 3_000_000_000],
  [{ 'retry-after': ' 1.5 ' }, 1_500],
  [{ 'retry-after': 7 }, 7_000],
  [{ 'retry-after': 'Sun, 07 Jun 2026 02:00:09 GMT' }, 9_000],
  [{ 'retry-after': 'Sunday, 07-Jun-26 02:00:09 GMT' }, 9_000],
  [{ 'retry-after': 'Sun Jun  7 02:00:09 2026 GMT' }, 9_000],
  [{ 'retry-after': 'Sun, 07 Jun 2026 01:00:00 GMT' }, 0],
  [{ 'x-amz-retry-after': '250', 'retry-after': '3' }, 250],
  [{ 'x-amz-retry-after': 'soon', 'retry-after': '3' }, 3_000],
])('%o asks for %d ms', (headers, expected) => {
  expect(retryAfterOf(headers, () => NOW)).toBe(expected);
});

test.each([
  undefined,
  {},
  { 'retry-after': '' },
  { 'retry-after': '-5' },
  { 'retry-after': 'Infinity' },
  { 'retry-after': 'NaN' },
  { 'retry-after': '0x10' },
  { 'retry-after': '3, 5' },
  { 'retry-after': 'tomorrow' },
  { 'retry-after': 'Sun, 99 Foo 2026' },
  { 'retry-after': ['3'] },
  { 'x-amz-retry-after': null },
])('%o asks for nothing', (headers) => {
  expect(retryAfterOf(headers, () => NOW)).toBeUndefined();
});
