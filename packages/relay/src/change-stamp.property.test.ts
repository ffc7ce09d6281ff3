import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeStamp } from './change-stamp.ts';
import type { RowChange } from './row-change.ts';

const change = fc.record<RowChange>({
  id: fc.string({ minLength: 1 }),
  table: fc.constantFrom('orders', 'users'),
  operation: fc.constant('insert'),
  keys: fc.constant({}),
  // ULIDs hold 48 bits of milliseconds.
  occurredAt: fc.date({ min: new Date(0), max: new Date(2 ** 48 - 1), noInvalidDate: true }),
});

test('same change, same ids; another change, detail-type or place, another id', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
      const seen = new Map<string, string>();
      for (const each of changes) {
        const [one, other] = [changeStamp(each), changeStamp({ ...each, keys: { other: 1 } })];
        for (const [place, detailType] of ['OrderPlaced', 'OrderPlaced', 'OrderPaid'].entries()) {
          const id = one.nextEventId(detailType);
          expect(id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
          expect(other.nextEventId(detailType)).toBe(id);
          const what = JSON.stringify([each.table, each.id, each.occurredAt, place]);
          expect(seen.get(id) ?? what).toBe(what);
          seen.set(id, what);
        }
      }
    }),
  );
});

test('ids sort by the time of their changes', () => {
  const at = (ms: number): string =>
    changeStamp({
      id: 'c',
      table: 't',
      operation: 'insert',
      keys: {},
      occurredAt: new Date(ms),
    }).nextEventId('OrderPlaced');
  const ids = [0, 1, 31, 32, 1_780_797_600_123, 2 ** 48 - 1].map(at);
  expect(ids.toSorted()).toEqual(ids);
});
