import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatLsn, parseLsn } from './lsn.ts';

test('what is written is read back', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (lsn) => {
      expect(parseLsn(formatLsn(lsn))).toBe(lsn);
    }),
  );
});

test('writes as Postgres does and compares across the 4 GB boundary', () => {
  expect(formatLsn(parseLsn('16/B374D848'))).toBe('16/B374D848');
  expect(formatLsn(0n)).toBe('0/0');
  expect(parseLsn('2/28') > parseLsn('1/FFFFFFF8')).toBe(true);
});

test.each(['', '16', '16/', '/1', '1/2/3', 'G/1', '123456789/1'])('refuses "%s"', (text) => {
  expect(() => parseLsn(text)).toThrow('not a log sequence number');
});
