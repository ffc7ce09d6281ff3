import type { Fault } from '@tidings/local';

/** What the bus does to the relay in the demo; seeded, so that each run is alike. */
export const demoFaults: readonly Fault[] = [
  {
    id: 'one request in fifty is accepted, and then its connection is reset',
    when: { every: 50 },
    action: { type: 'commit-then', symptom: 'reset' },
  },
  {
    id: 'one request in thirty is throttled',
    when: { every: 30 },
    action: { type: 'request-fail', preset: 'throttle' },
  },
  {
    id: 'one answer in five fails some of its entries',
    when: { probability: 0.2, seed: 7 },
    action: { type: 'entry-fail', code: 'InternalFailure', fraction: 0.3 },
  },
];
