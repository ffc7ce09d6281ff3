import { expect, test } from 'vitest';
import type { PublicationState } from './publication-state.ts';
import { judgeSlot, type SlotExpectation } from './slot-guard.ts';
import type { ServerState, SlotObservation, SlotState } from './slot-observation.ts';

const server: ServerState = {
  version: 170010,
  walLevel: 'logical',
  database: 'shop',
  systemIdentifier: '7',
  timeline: 1,
  inRecovery: false,
  flushed: 900n,
  idleSlotTimeoutMs: 0,
  synchronousStandbyNames: '',
  migrated: true,
};
const slot: SlotState = {
  type: 'logical',
  plugin: 'pgoutput',
  database: 'shop',
  activePid: null,
  confirmed: 500n,
  restart: 400n,
  walStatus: 'reserved',
  safeWalSize: undefined,
  invalidationReason: undefined,
  conflicting: false,
};
const publication: PublicationState = {
  operations: ['insert'],
  missing: [],
  filtered: [],
  fingerprint: 'f1',
  alteration: undefined,
};
const checkpoint = {
  systemIdentifier: '7',
  timeline: 1,
  acknowledged: 600n,
  within: undefined,
  bookmark: undefined,
  fingerprint: 'f1',
};
const sound: SlotObservation = {
  ...{ server, slot, otherSlots: [], publication, checkpoint, incident: undefined },
};
const expected: SlotExpectation = {
  slot: 'orders',
  publication: 'tidings',
  tables: [{ schema: 'tidings', table: 'outbox' }],
  operations: ['insert'],
  healedTo: undefined,
};

test('a sound slot is ready behind its checkpoint, a new one behind itself', () => {
  expect(judgeSlot(sound, expected)).toEqual({ kind: 'ready', from: 600n, first: false });
  expect(judgeSlot({ ...sound, checkpoint: undefined }, expected)).toEqual({
    kind: 'ready',
    from: 500n,
    first: true,
  });
});

const withSlot = (change: Partial<SlotState>): SlotObservation => ({
  ...sound,
  slot: { ...slot, ...change },
});
const withServer = (change: Partial<ServerState>): SlotObservation => ({
  ...sound,
  server: { ...server, ...change },
});
const withPublication = (change: Partial<PublicationState>): SlotObservation => ({
  ...sound,
  publication: { ...publication, ...change },
});

test.each([
  ['dropped', { ...sound, slot: undefined }, 'has been dropped'],
  [
    'wal_status lost, before PostgreSQL 17',
    withSlot({ walStatus: 'lost' }),
    'max_slot_wal_keep_size',
  ],
  [
    'WAL removed, PostgreSQL 17',
    withSlot({ walStatus: 'lost', invalidationReason: 'wal_removed', restart: undefined }),
    'max_slot_wal_keep_size',
  ],
  [
    'idle for too long, PostgreSQL 18, restart_lsn kept',
    withSlot({ walStatus: 'lost', invalidationReason: 'idle_timeout' }),
    'raise idle_replication_slot_timeout',
  ],
  ['conflicting, PostgreSQL 16', withSlot({ conflicting: true }), 'conflict'],
  ['rows removed', withSlot({ invalidationReason: 'rows_removed' }), 'rows_removed'],
  ['without a position', withSlot({ restart: undefined }), 'has no position'],
  ['ahead of its checkpoint', withSlot({ confirmed: 601n }), 'ahead of its checkpoint 0/258'],
  ['its publication dropped', { ...sound, publication: undefined }, 'does not exist'],
  [
    'its table unpublished',
    withPublication({ missing: [{ name: 'tidings.outbox', because: 'not-a-member' }] }),
    'ADD TABLE tidings.outbox',
  ],
  [
    'its table unlogged',
    withPublication({ missing: [{ name: 'public."Order Lines"', because: 'unlogged' }] }),
    'ALTER TABLE public."Order Lines" SET LOGGED',
  ],
  [
    'its partitions published apart',
    withPublication({ missing: [{ name: 'tidings.outbox', because: 'not-via-root' }] }),
    'run ALTER PUBLICATION "tidings" SET (publish_via_partition_root = true)',
  ],
  ['inserts unpublished', withPublication({ operations: ['delete'] }), `publish = 'insert'`],
  [
    'its publication altered',
    withPublication({
      alteration: { sentence: 'table tidings.outbox was dropped and made again', attached: [] },
    }),
    'table tidings.outbox was dropped and made again: rows that came since the last bookmark',
  ],
  [
    'sound again while an incident is open',
    {
      ...sound,
      incident: {
        ...{ id: '7', reason: 'dropped', explanation: 'slot "orders" has been dropped' },
        openedAt: '2026-06-07T02:00:00Z',
      },
    },
    'incident 7 is open since 2026-06-07T02:00:00Z: slot "orders" has been dropped',
  ],
])('a slot that is %s is a loss that says why', (_name, seen, words) => {
  const verdict = judgeSlot(seen, expected);
  expect(verdict.kind).toBe('lost');
  expect(verdict.kind === 'lost' && verdict.explanation).toContain(words);
});

test.each([
  ['an old server', withServer({ version: 130022 }), 'PostgreSQL 13 is too old'],
  ['a server that logs too little', withServer({ walLevel: 'replica' }), 'ALTER SYSTEM'],
  ['a standby', withServer({ inRecovery: true }), 'connect to the primary'],
  ['a database without the schema', withServer({ migrated: false }), 'tidings outbox migrate'],
  ['another cluster', withServer({ systemIdentifier: '8' }), 'tidings outbox adopt'],
  ['a physical slot', withSlot({ type: 'physical', plugin: null }), 'name a logical slot'],
  ['another plugin', withSlot({ plugin: 'wal2json' }), 'plugin wal2json'],
  ['a slot of another database', withSlot({ database: 'crm' }), 'belongs to database "crm"'],
  [
    'a name that never was a slot',
    { ...sound, slot: undefined, checkpoint: undefined, otherSlots: ['order'] },
    'it has "order"',
  ],
  [
    'a publication that never was there',
    { ...sound, publication: undefined, checkpoint: undefined },
    'tidings outbox migrate',
  ],
])('%s is refused with what to do: nothing was lost', (_name, seen, words) => {
  const verdict = judgeSlot(seen, expected);
  expect(verdict.kind).toBe('refused');
  expect(verdict.kind === 'refused' && verdict.sentence).toContain(words);
});

test('a slot that is being healed stands ahead of its stored checkpoint', () => {
  const healing = { ...expected, healedTo: 800n };
  expect(judgeSlot(withSlot({ confirmed: 800n }), healing)).toEqual({
    kind: 'ready',
    from: 800n,
    first: false,
  });
  const altered = {
    ...withSlot({ confirmed: 800n }),
    publication: { ...publication, alteration: { sentence: 'it was altered', attached: [] } },
  };
  expect(judgeSlot(altered, healing)).toMatchObject({ kind: 'lost', loss: 'publication-changed' });
});
