import type { Envelope } from './envelope.ts';

// Envelopes that `create` made are frozen to the last member and were checked: what seals
// them need not look again. Everything else is looked at whole.
const frozenHere = new WeakSet<Envelope>();

/** Notes an envelope that was checked and can no longer change. */
export function noteFrozen(envelope: Envelope): void {
  frozenHere.add(envelope);
}

/** Whether an envelope is as it was when it was checked. */
export function isFrozen(envelope: Envelope): boolean {
  return frozenHere.has(envelope);
}
