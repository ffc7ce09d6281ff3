import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Backoff,
  fullJitter,
  type PublishableEvent,
  type PublishOutcome,
} from '@tidings/contract';
import { captureChange } from './capture-change.ts';
import type { ChangeGroup } from './change-source.ts';
import { ConfigurationError } from './configuration-error.ts';
import type { DeadLetter } from './dead-letters.ts';
import { reasonOf } from './failure-reason.ts';
import type { RelaySettings } from './relay-options.ts';
import { settlementOf } from './settlement.ts';
import { type PendingGroup, Watermark } from './watermark.ts';

const retry: Backoff = { baseMs: 200, capMs: 10_000 };

/** Carries groups from the source to the bus and knows what is settled. */
export interface Delivery {
  readonly watermark: Watermark;
  /** Captures and publishes groups, in stream order; returns before they are settled. */
  submit(groups: readonly ChangeGroup<unknown>[]): void;
  /** Resolves when the bytes in flight are below the limit. */
  room(): Promise<void>;
  /** Resolves when nothing is in flight. */
  empty(): Promise<void>;
  /** Gives up what is undecided: it stays unsettled and is read again. */
  abandon(): void;
}

/**
 * Builds the stage between a source and its checkpoints. `fail` stops the relay;
 * `stopping` ends the wait for room, for reading is over then.
 */
export function createDelivery(
  settings: RelaySettings<unknown>,
  stopping: AbortSignal,
  fail: (error: Error) => void,
): Delivery {
  const { source, publisher, deadLetters, logger, maxInFlightBytes } = settings;
  const watermark = new Watermark();
  const abandoned = new AbortController();
  // As many calls listen as are in flight.
  setMaxListeners(0, abandoned.signal);
  const waiters: { readonly ready: () => boolean; readonly resolve: () => void }[] = [];

  function wake(): void {
    for (let i = waiters.length - 1; i >= 0; i--) {
      const waiter = waiters[i];
      if (waiter?.ready()) {
        waiters.splice(i, 1);
        waiter.resolve();
      }
    }
  }

  function until(ready: () => boolean): Promise<void> {
    if (ready()) return Promise.resolve();
    return new Promise((resolve) => waiters.push({ ready, resolve }));
  }

  function settle(group: PendingGroup): void {
    watermark.settle(group);
    if (waiters.length > 0) wake();
  }

  /** Waits before another attempt; false when the work was given up meanwhile. */
  async function pause(attempt: number): Promise<boolean> {
    try {
      await delay(fullJitter(retry, attempt), undefined, { signal: abandoned.signal });
      return true;
    } catch {
      return false;
    }
  }

  async function park(letter: DeadLetter, group: PendingGroup): Promise<void> {
    if (deadLetters === undefined) {
      fail(
        new ConfigurationError(
          `${source.name} holds an event that can never be delivered (${letter.code}: ` +
            `${letter.reason}); correct it, or set deadLetters so that the stream can go on`,
        ),
      );
      return;
    }
    for (let attempt = 1; ; attempt++) {
      try {
        await deadLetters.park([letter]);
        logger.warn({ code: letter.code, reason: letter.reason }, 'parked a dead letter');
        settle(group);
        return;
      } catch (error) {
        logger.error(
          { reason: reasonOf(error), attempt },
          'could not park a dead letter; trying again',
        );
        if (!(await pause(attempt))) return;
      }
    }
  }

  async function publish(
    events: readonly PublishableEvent[],
    owners: readonly PendingGroup[],
    attempt = 1,
  ): Promise<void> {
    const owedEvents: PublishableEvent[] = [];
    const owedOwners: PendingGroup[] = [];
    let reason = '';
    const onOutcome = (outcome: PublishOutcome, index: number): void => {
      const event = events[index] as PublishableEvent;
      const owner = owners[index] as PendingGroup;
      const settlement = settlementOf(outcome, event, source.name);
      if (settlement.kind === 'settled') settle(owner);
      else if (settlement.kind === 'park') void park(settlement.letter, owner);
      else {
        owedEvents.push(event);
        owedOwners.push(owner);
        reason = `${settlement.code}: ${settlement.reason}`;
      }
    };
    await publisher.publishSettled(events, {
      deadlineMs: Number.POSITIVE_INFINITY,
      signal: abandoned.signal,
      onOutcome,
    });
    if (owedEvents.length === 0 || abandoned.signal.aborted) return;
    logger.warn({ events: owedEvents.length, reason, attempt }, 'events undelivered; trying again');
    if (await pause(attempt)) await publish(owedEvents, owedOwners, attempt + 1);
  }

  function submit(groups: readonly ChangeGroup<unknown>[]): void {
    const events: PublishableEvent[] = [];
    const owners: PendingGroup[] = [];
    for (const { records, position } of groups) {
      const first = events.length;
      const letters: DeadLetter[] = [];
      let bytes = 0;
      for (const record of records) {
        bytes += record.bytes;
        const captured = captureChange(source, record);
        if (captured.kind === 'events') events.push(...captured.events);
        else letters.push(captured.letter);
      }
      const group = watermark.open(position, bytes, events.length - first + letters.length);
      for (let i = first; i < events.length; i++) owners.push(group);
      for (const letter of letters) void park(letter, group);
    }
    if (events.length > 0) void publish(events, owners).catch(fail);
  }

  stopping.addEventListener('abort', wake, { once: true });

  return {
    watermark,
    submit,
    room: () => until(() => watermark.bytesInFlight < maxInFlightBytes || stopping.aborted),
    empty: () => until(() => watermark.groupsInFlight === 0 || abandoned.signal.aborted),
    abandon(): void {
      abandoned.abort();
      wake();
    },
  };
}
