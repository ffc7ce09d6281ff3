/**
 * The life of a relay:
 *
 *   starting --started--> running --stop--> draining --drained--> stopped
 *   starting --stop-----> draining
 *   starting, running, draining --failed--> stopped
 *
 * `starting` verifies source and bus and reads nothing. `running` reads and
 * publishes. `draining` reads no more, settles what is in flight and confirms it.
 * `stopped` is final.
 */
export type RelayState = 'starting' | 'running' | 'draining' | 'stopped';

/** What moves a relay from one state to the next. */
export type RelayStep = 'started' | 'stop' | 'drained' | 'failed';

const next: Record<RelayState, Partial<Record<RelayStep, RelayState>>> = {
  starting: { started: 'running', stop: 'draining', failed: 'stopped' },
  running: { stop: 'draining', failed: 'stopped' },
  draining: { started: 'draining', stop: 'draining', drained: 'stopped', failed: 'stopped' },
  stopped: { stop: 'stopped' },
};

/**
 * The state after a step.
 * @throws Error on a step that the state does not know: a defect of the relay.
 */
export function stateAfter(state: RelayState, step: RelayStep): RelayState {
  const after = next[state][step];
  if (after === undefined) throw new Error(`a relay that is ${state} knows no step "${step}"`);
  return after;
}
