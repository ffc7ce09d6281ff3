import { expect } from 'vitest';
import type { LocalBus } from '../local-bus.ts';
import type { LocalBusOptions } from '../local-bus-options.ts';
import { startLocalBus as start } from '../start-local-bus.ts';
import { type PublishedKind, type PublishedOptions, toHavePublished } from './to-have-published.ts';

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: the parameter must be Vitest's own.
  interface Matchers<T = any> {
    /**
     * Passes where the bus accepted an event of this contract whose data agrees with
     * `data` in every field given, and which the contract can read. Matchers such as
     * `expect.any(String)` are taken anywhere in it. It looks at what was accepted so
     * far: `await bus.waitFor(…)` before it where the event is still on its way.
     */
    toHavePublished(contract: PublishedKind, data?: object, options?: PublishedOptions): T;
  }
}

expect.extend({ toHavePublished });

/** Starts a bus for tests; importing it from here also gives `expect` its matcher. */
export function startLocalBus(options: LocalBusOptions = {}): Promise<LocalBus> {
  return start(options);
}
