import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  endedIn,
  formatSnapshot,
  parseSnapshot,
  type Snapshot,
  snapshotBetween,
} from './snapshot.ts';

const LAST = 40n;

/** Two moments of one history: what has ended stays ended. */
const moments = fc
  .record({
    ends: fc.array(fc.nat(30), { minLength: Number(LAST), maxLength: Number(LAST) }),
    first: fc.nat(30),
    later: fc.nat(30),
    begun: fc.nat(Number(LAST)),
    begunLater: fc.nat(Number(LAST)),
  })
  .map(({ ends, first, later, begun, begunLater }) => {
    const at = (moment: number, xmax: number): Snapshot => ({
      xmax: BigInt(xmax + 1),
      running: ends
        .map((end, index) => ({ end, xid: BigInt(index + 1) }))
        .filter(({ end, xid }) => xid <= BigInt(xmax) && end > moment)
        .map(({ xid }) => xid),
    });
    return { before: at(first, begun), after: at(first + later, Math.min(40, begun + begunLater)) };
  });

test('a snapshot is read as it was written', () => {
  fc.assert(
    fc.property(moments, ({ after }) => {
      expect(parseSnapshot(formatSnapshot(after))).toEqual(after);
    }),
  );
});

test('the snapshot of a new slot may begin behind its end; it is written so that it can be read', () => {
  expect(formatSnapshot(parseSnapshot('861:859:'))).toBe('861:861:');
});

test('in between, what is below ended as of later, and the rest as of before', () => {
  fc.assert(
    fc.property(moments, fc.bigInt(1n, LAST + 1n), ({ before, after }, xid) => {
      const between = snapshotBetween(before, after, xid);
      for (let each = 1n; each <= LAST; each++) {
        // A position in a window: from `xid` on nothing was read, wherever it stood before.
        const expected = endedIn(each < xid ? after : before, each);
        if (xid <= after.xmax) expect(endedIn(between, each)).toBe(expected);
      }
      expect(parseSnapshot(formatSnapshot(between))).toEqual(between);
    }),
  );
});

test.each(['', '1:2', '1:2:x', '16/B374D848'])('"%s" is refused', (text) => {
  expect(() => parseSnapshot(text)).toThrow(`"${text}" is not a snapshot such as 10:20:10,14`);
});
