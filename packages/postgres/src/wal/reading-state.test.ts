import { expect, test } from 'vitest';
import type { Lsn } from '../lsn.ts';
import { ReadingState } from './reading-state.ts';
import type { Healing } from './recover-slot.ts';
import type { SlotObservation } from './slot-observation.ts';
import type { ReadPosition } from './transaction-assembler.ts';

const at = (lsn: Lsn, records = 0): ReadPosition => ({
  lsn,
  xid: records === 0 ? undefined : 7,
  records,
});

/** What was seen, as far as the state asks for it. */
function seen(flushed: Lsn | undefined, timeline = 1, acknowledged: Lsn = 0n): SlotObservation {
  return {
    server: { flushed, timeline },
    checkpoint: { timeline, acknowledged },
  } as unknown as SlotObservation;
}

const healing = { to: 500n } as Healing;

function stateAt(now: { ms: number }): ReadingState {
  const state = new ReadingState(() => now.ms);
  state.apply({ kind: 'inspected', seen: seen(1_000n), readTo: 0n });
  state.apply({ kind: 'opened', stored: 100n });
  return state;
}

test('reading goes on behind the last hand-over, and behind the checkpoint before the first', () => {
  const state = stateAt({ ms: 0 });
  expect(state.resumeFrom(100n)).toEqual(at(100n));
  state.apply({ kind: 'handed-over', epoch: 0, position: at(300n, 2) });
  expect(state.resumeFrom(100n)).toEqual(at(300n, 2));
  state.apply({ kind: 'confirmed', epoch: 0, lsn: 200n, recovered: false });
  expect(state.resumeFrom(200n)).toEqual(at(300n, 2));
});

test.each([
  ['a server on another timeline', seen(1_000n, 2)],
  ['a server whose log ends before what was read', seen(299n)],
  ['a standby', seen(undefined)],
])('%s begins another history', (_, observation) => {
  const state = stateAt({ ms: 0 });
  state.apply({ kind: 'handed-over', epoch: 0, position: at(300n) });
  expect(state.apply({ kind: 'inspected', seen: observation, readTo: state.readTo })).toBe(true);
  expect(state.epoch).toBe(1);
  expect(state.resumeFrom(100n)).toEqual(at(100n));
});

test('what is read while the server is looked at does not begin another history', () => {
  const state = stateAt({ ms: 0 });
  state.apply({ kind: 'handed-over', epoch: 0, position: at(300n) });
  const { readTo } = state;
  state.apply({ kind: 'handed-over', epoch: 0, position: at(1_200n) });
  expect(state.apply({ kind: 'inspected', seen: seen(1_000n), readTo })).toBe(false);
  expect(state.readTo).toBe(1_200n);
});

test('what a stream or a checkpoint of an earlier history tells changes nothing', () => {
  const state = stateAt({ ms: 0 });
  expect(state.apply({ kind: 'recovered', healing })).toBe(true);
  state.apply({ kind: 'handed-over', epoch: 0, position: at(900n) });
  state.apply({ kind: 'confirmed', epoch: 0, lsn: 900n, recovered: true });
  expect(state.resumeFrom(100n)).toEqual(at(500n));
  expect(state.stored).toBe(100n);
  expect(state.healing).toBe(healing);
});

test('a recovery ends with its checkpoint, or with another relay’s beyond it', () => {
  const state = stateAt({ ms: 0 });
  state.apply({ kind: 'recovered', healing });
  state.apply({ kind: 'confirmed', epoch: 1, lsn: 500n, recovered: true });
  expect(state.healing).toBeUndefined();

  const other = stateAt({ ms: 0 });
  other.apply({ kind: 'recovered', healing });
  other.apply({ kind: 'inspected', seen: seen(1_000n, 1, 500n), readTo: 500n });
  expect(other.healing).toBe(healing);
  other.apply({ kind: 'inspected', seen: seen(1_000n, 1, 501n), readTo: 500n });
  expect(other.healing).toBeUndefined();
});

test('a stall is counted from when something was owed, not from the last thing settled', () => {
  const now = { ms: 0 };
  const state = stateAt(now);
  now.ms = 60_000;
  expect(state.stalledForMs).toBe(0);
  state.apply({ kind: 'handed-over', epoch: 0, position: at(300n) });
  now.ms = 61_000;
  state.apply({ kind: 'handed-over', epoch: 0, position: at(400n) });
  expect(state.stalledForMs).toBe(1_000);
  state.apply({ kind: 'confirmed', epoch: 0, lsn: 300n, recovered: false });
  expect(state.stalledForMs).toBe(0);
  now.ms = 62_000;
  expect(state.stalledForMs).toBe(1_000);
  state.apply({ kind: 'confirmed', epoch: 0, lsn: 400n, recovered: false });
  now.ms = 90_000;
  expect(state.stalledForMs).toBe(0);
});

test('a checkpoint beyond all that this relay wrote, or meant to write, is another’s', () => {
  const state = stateAt({ ms: 0 });
  expect(state.isOvertakenBy(undefined)).toBe(false);
  expect(state.isOvertakenBy({ acknowledged: 100n })).toBe(false);
  expect(state.isOvertakenBy({ acknowledged: 101n })).toBe(true);
  state.apply({ kind: 'claimed', lsn: 200n });
  expect(state.isOvertakenBy({ acknowledged: 200n })).toBe(false);
  expect(state.isOvertakenBy({ acknowledged: 201n })).toBe(true);
});
