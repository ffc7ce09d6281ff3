import { expect, test } from 'vitest';
import { type RelayState, type RelayStep, stateAfter } from './relay-state.ts';

const allowed: readonly (readonly [RelayState, RelayStep, RelayState])[] = [
  ['starting', 'started', 'running'],
  ['starting', 'stop', 'draining'],
  ['starting', 'failed', 'stopped'],
  ['running', 'stop', 'draining'],
  ['running', 'failed', 'stopped'],
  ['draining', 'started', 'draining'],
  ['draining', 'stop', 'draining'],
  ['draining', 'drained', 'stopped'],
  ['draining', 'failed', 'stopped'],
  ['stopped', 'stop', 'stopped'],
];

test.each(allowed)('%s --%s--> %s', (state, step, after) => {
  expect(stateAfter(state, step)).toBe(after);
});

test('every other step is refused', () => {
  const states: RelayState[] = ['starting', 'running', 'draining', 'stopped'];
  const steps: RelayStep[] = ['started', 'stop', 'drained', 'failed'];
  const known = new Set(allowed.map(([state, step]) => `${state} ${step}`));
  let refused = 0;
  for (const state of states) {
    for (const step of steps) {
      if (known.has(`${state} ${step}`)) continue;
      expect(() => stateAfter(state, step)).toThrow(`"${step}"`);
      refused += 1;
    }
  }
  expect(refused).toBe(16 - allowed.length);
});
