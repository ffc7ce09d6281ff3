import { expect, test } from 'vitest';
import { audit, type CommittedRow, type Evidence } from './audit.ts';

const row = (step: number, more: Partial<CommittedRow> = {}): CommittedRow => ({
  eventId: `e${step}`,
  idempotencyKey: `k${step}`,
  orderingKey: 'a',
  step,
  poison: false,
  truncated: false,
  ...more,
});
const event = (step: number) => ({ eventId: `e${step}`, idempotencyKey: `k${step}` });
const good: Evidence = {
  rows: [row(1), row(2), row(3, { poison: true })],
  events: [event(1), event(2), event(1)],
  committed: new Set(['k1', 'k2', 'k3']),
  rolledBack: new Set(['k9']),
  deadLetters: ['k3'],
  keepsIds: true,
  log: 'lost {"incident":"1"}',
  peakMiB: 100,
  ceilingMiB: 200,
  longestSilenceMs: 9_000,
  losses: [{ kind: 'slot is dropped', certain: true, at: 10 }],
  incidents: [{ id: '1', reason: 'dropped', openedAt: 11, closedAt: 12 }],
};

test('a run that kept the promise has nothing against it', () => {
  expect(audit(good)).toEqual([]);
});

test.each<[string, Partial<Evidence>, string]>([
  ['loses an event', { events: [event(1)] }, 'k2 was committed and is not on the bus'],
  [
    'publishes what was never committed',
    { events: [event(1), event(2), event(9)] },
    'k9 is on the bus and was never committed',
  ],
  [
    'gives a duplicate another id',
    { events: [event(1), event(2), { eventId: 'e7', idempotencyKey: 'k1' }] },
    'k1 is on the bus as e7 and was written as e1',
  ],
  ['breaks the order', { events: [event(2), event(1)] }, 'k1 came to the bus after k2'],
  ['forgets the poison', { deadLetters: [] }, 'poison k3 is not among the dead letters'],
  [
    'parks what is no poison',
    { deadLetters: ['k3', 'k1'] },
    'k1 is among the dead letters and is no poison',
  ],
  ['parks twice', { deadLetters: ['k3', 'k3'] }, 'a dead letter was parked twice'],
  ['raises no incident', { incidents: [] }, '"slot is dropped" raised no incident'],
  [
    'leaves an incident open',
    { incidents: [{ id: '1', reason: 'dropped', openedAt: 11, closedAt: undefined }] },
    'an incident (dropped) is still open',
  ],
  ['cries wolf', { losses: [] }, 'an incident (dropped) was raised although no slot was lost'],
  [
    'loses a committed row',
    { rows: [row(2), row(3, { poison: true })] },
    'k1 was committed and is not in the journal',
  ],
  [
    'keeps a row that was rolled back',
    { rolledBack: new Set(['k1']) },
    'k1 was rolled back and is in the journal',
  ],
  ['says nothing of an incident', { log: '' }, 'the log does not name incident 1 (dropped)'],
  ['takes too much memory', { peakMiB: 201 }, 'a relay took 201 MiB, more than 200'],
  [
    'waits in silence',
    { longestSilenceMs: 12_001 },
    'something was owed for 12001 ms without an event or a line of the log',
  ],
])('a run that %s is told so', (_what, change, sentence) => {
  expect(audit({ ...good, ...change })).toContain(sentence);
});

test('a row of a table that was emptied may be missing', () => {
  const rows = [row(1), row(2, { truncated: true }), row(3, { poison: true, truncated: true })];
  expect(audit({ ...good, rows, events: [event(1)], deadLetters: [] })).toEqual([]);
});

test('what may be read all the same need not raise an incident', () => {
  const losses = [{ kind: 'table is renamed away and back', certain: false, at: 10 }];
  expect(audit({ ...good, losses, incidents: [] })).toEqual([]);
  expect(audit({ ...good, losses })).toEqual([]);
});

test('where a lost slot gives new ids, the same change may come under two', () => {
  const events = [event(1), event(2), { eventId: 'e7', idempotencyKey: 'k1' }];
  const rows = good.rows.map((each) => ({ ...each, eventId: null }));
  expect(audit({ ...good, rows, events, keepsIds: false })).toEqual([]);
});
