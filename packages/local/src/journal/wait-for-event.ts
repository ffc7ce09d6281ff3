import type { AcceptedEvent } from '../accepted-event.ts';
import type { EventJournal } from './event-journal.ts';

/** Settings of a wait. */
export interface WaitOptions {
  /** Milliseconds. Default: 10,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Resolves with the first event, past or future, that `found` says yes to. `found` is
 * called once an event, in the order of acceptance, so it may count.
 * @throws Error that says how many events there were, after `timeoutMs`.
 */
export function waitForEvent(
  journal: EventJournal,
  found: (event: AcceptedEvent) => boolean,
  expected: string,
  options: WaitOptions = {},
): Promise<AcceptedEvent> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  for (const event of journal.events) if (found(event)) return Promise.resolve(event);
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      unwatch();
      options.signal?.removeEventListener('abort', abort);
      settle();
    };
    const fail = (reason: string): void =>
      end(() =>
        reject(new Error(`${reason} for ${expected}; ${journal.accepted} events were accepted.`)),
      );
    const abort = (): void => fail('The wait was aborted');
    const timer = setTimeout(() => fail(`Waited ${timeoutMs} ms in vain`), timeoutMs);
    const unwatch = journal.watch((event) => {
      try {
        if (found(event)) end(() => resolve(event));
      } catch (error) {
        end(() => reject(error));
      }
    });
    options.signal?.addEventListener('abort', abort);
    if (options.signal?.aborted) abort();
  });
}
