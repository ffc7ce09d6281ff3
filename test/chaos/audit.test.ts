import { expect, test } from 'vitest';
import { audit, type CommittedRow, type Evidence } from './audit.ts';

const row = (step: number, more: Partial<CommittedRow> = {}): CommittedRow => ({
  eventId: `e${step}`,
  idempotencyKey: `k${step}`,
  orderingKey: 'a',
  step,
  poison: false,
  ...more,
});
const event = (step: number) => ({ eventId: `e${step}`, idempotencyKey: `k${step}` });
const good: Evidence = {
  rows: [row(1), row(2), row(3, { poison: true })],
  events: [event(1), event(2), event(1)],
  committed: new Set(['k1', 'k2', 'k3']),
  rolledBack: new Set(['k9']),
  deadLetters: ['e3'],
  losses: [{ kind: 'slot is dropped', at: 10 }],
  incidents: [{ reason: 'dropped', openedAt: 11, closedAt: 12 }],
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
  ['forgets the poison', { deadLetters: [] }, 'poison e3 is not among the dead letters'],
  [
    'parks what is no poison',
    { deadLetters: ['e3', 'e1'] },
    'e1 is among the dead letters and is no poison',
  ],
  ['parks twice', { deadLetters: ['e3', 'e3'] }, 'a dead letter was parked twice'],
  ['raises no incident', { incidents: [] }, '"slot is dropped" raised no incident'],
  [
    'leaves an incident open',
    { incidents: [{ reason: 'dropped', openedAt: 11, closedAt: undefined }] },
    'an incident (dropped) is still open',
  ],
  ['cries wolf', { losses: [] }, 'an incident (dropped) was raised although no slot was lost'],
  [
    'loses a committed row',
    { rows: [row(2), row(3, { poison: true })] },
    'k1 was committed and is not in the outbox',
  ],
  [
    'keeps a row that was rolled back',
    { rolledBack: new Set(['k1']) },
    'k1 was rolled back and is in the outbox',
  ],
])('a run that %s is told so', (_what, change, sentence) => {
  expect(audit({ ...good, ...change })).toContain(sentence);
});
