import { expect, test } from 'vitest';
import type { SlotObservation, SlotState } from './slot-observation.ts';
import { type RelayView, slotWarnings } from './slot-warnings.ts';

const slot: SlotState = {
  type: 'logical',
  plugin: 'pgoutput',
  database: 'shop',
  activePid: 42,
  confirmed: 500n,
  restart: 400n,
  walStatus: 'reserved',
  safeWalSize: 10_000n,
  invalidationReason: undefined,
  conflicting: false,
};
const sound: SlotObservation = {
  server: {
    version: 170010,
    walLevel: 'logical',
    database: 'shop',
    systemIdentifier: '7',
    timeline: 1,
    inRecovery: false,
    flushed: 1_000n,
    idleSlotTimeoutMs: 0,
    synchronousStandbyNames: '',
    migrated: true,
  },
  slot,
  otherSlots: [],
  publication: {
    operations: ['insert'],
    missing: [],
    filtered: [],
    fingerprint: 'f',
    alteration: undefined,
  },
  checkpoint: undefined,
  incident: undefined,
};
const view: RelayView = {
  slot: 'orders',
  ownPid: 42,
  acknowledged: 900n,
  bookmarkAgeSeconds: 1,
  openRows: 2,
};
const thresholds = { lagBytes: 100, lagEvents: 10, safeWalBytes: 5_000, lagSeconds: 60 };

test('a sound slot is worth none', () => {
  expect(slotWarnings(sound, view, thresholds)).toEqual([]);
  expect(slotWarnings({ ...sound, slot: undefined }, view, thresholds)).toEqual([]);
});

const withSlot = (change: Partial<SlotState>): SlotObservation => ({
  ...sound,
  slot: { ...slot, ...change },
});

test.each([
  ['wal-extended', withSlot({ walStatus: 'extended' }), view, 'raise max_slot_wal_keep_size'],
  [
    'wal-unreserved',
    withSlot({ walStatus: 'unreserved' }),
    view,
    'removes it at the next checkpoint',
  ],
  ['safe-wal-size', withSlot({ safeWalSize: 4_999n }), view, 'another 4999 bytes'],
  ['lag-bytes', sound, { ...view, acknowledged: 899n }, '101 bytes of WAL behind'],
  ['lag-events', sound, { ...view, openRows: 11 }, 'owes more than 10 events'],
  ['lag-seconds', sound, { ...view, bookmarkAgeSeconds: 61 }, '61 s behind'],
  ['other-consumer', withSlot({ activePid: 43 }), view, 'give each relay its own slot'],
  [
    'synchronous',
    { ...sound, server: { ...sound.server, synchronousStandbyNames: 'ANY 1 (*)' } },
    view,
    'list the standbys by name',
  ],
  [
    'filtered',
    {
      ...sound,
      publication: {
        operations: ['insert'],
        missing: [],
        filtered: ['tidings.outbox'],
        fingerprint: 'f',
        alteration: undefined,
      },
    },
    view,
    'SET TABLE without WHERE',
  ],
] as const)('%s names what to change', (code, seen, its, words) => {
  const warnings = slotWarnings(seen, its, thresholds);
  expect(warnings.map((each) => each.code)).toEqual([code]);
  expect(warnings[0]?.sentence).toContain(words);
});
