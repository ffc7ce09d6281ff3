import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type DeadLetter,
  fullJitter,
  type PublishableEvent,
  type PublishOutcome,
  type PublishResult,
} from '@tidings/contract';
import { captureChange } from './capture-change.ts';
import type { ChangeGroup } from './change-source.ts';
import { ConfigurationError } from './configuration-error.ts';
import { reasonOf } from './failure-reason.ts';
import type { RelaySettings } from './relay-options.ts';
import { settlementOf } from './settlement.ts';
import { type PendingGroup, Watermark } from './watermark.ts';

/** An event that the bus has not accepted yet, and its place in the stream. */
interface OwedEvent {
  readonly event: PublishableEvent;
  readonly group: PendingGroup;
  readonly sequence: number;
}

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
  const { source, publisher, deadLetters, logger, maxInFlightBytes, retryBackoff } = settings;
  const watermark = new Watermark();
  const abandoned = new AbortController();
  // As many calls listen as are in flight.
  setMaxListeners(0, abandoned.signal);
  const waiters: { readonly ready: () => boolean; readonly resolve: () => void }[] = [];

  /** Events that the publisher gave back, and those that came after them, in order. */
  let owed: OwedEvent[] = [];
  let resending: Promise<void> | undefined;
  let sequence = 0;
  let resends = 0;

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
      await delay(fullJitter(retryBackoff, attempt), undefined, { signal: abandoned.signal });
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
            `${letter.reason}); correct it, or set deadLetters and onPoison: 'dead-letter' so that ` +
            'the stream can go on',
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

  function publish(batch: readonly OwedEvent[]): void {
    const decided = new Set<number>();
    const onOutcome = (outcome: PublishOutcome, index: number): void => {
      const owing = batch[index];
      if (owing === undefined || decided.has(index)) return;
      decided.add(index);
      const settlement = settlementOf(outcome, owing.event, source.name);
      if (settlement.kind === 'settled') {
        if (resending === undefined) resends = 0;
        settle(owing.group);
      }
      if (settlement.kind === 'park') void park(settlement.letter, owing.group);
      if (settlement.kind === 'owed') owe(owing, `${settlement.code}: ${settlement.reason}`);
    };
    const ask = async (): Promise<PublishResult> =>
      publisher.publishSettled(
        batch.map(({ event }) => event),
        { deadlineMs: Number.POSITIVE_INFINITY, signal: abandoned.signal, onOutcome },
      );
    ask()
      .then(
        (outcomes) => {
          // A publisher around another one may have dropped `onOutcome`.
          for (const [index, outcome] of outcomes.entries()) onOutcome(outcome, index);
          const undecided = batch.length - decided.size;
          if (undecided === 0) return;
          // To publish them again could repeat them for ever.
          throw new ConfigurationError(
            `the publisher returned no outcome for ${undecided} of ${batch.length} events; a ` +
              'publisher must answer every event with one outcome, in order',
          );
        },
        (error: unknown) => {
          for (const [index, owing] of batch.entries()) {
            if (!decided.has(index)) owe(owing, `the publisher failed: ${reasonOf(error)}`);
          }
        },
      )
      .catch(fail);
  }

  function owe(owing: OwedEvent, reason: string): void {
    owed.push(owing);
    if (abandoned.signal.aborted) return;
    resending ??= resend(reason).catch(fail);
  }

  /**
   * Publishes again what the publisher gave back. Whatever is submitted meanwhile waits
   * behind it: events of one ordering key must not overtake each other.
   */
  async function resend(reason: string): Promise<void> {
    resends += 1;
    logger.warn({ reason, attempt: resends }, 'events undelivered; trying again');
    const goOn = await pause(resends);
    resending = undefined;
    if (!goOn) return;
    const batch = owed.sort((a, b) => a.sequence - b.sequence);
    owed = [];
    publish(batch);
  }

  function submit(groups: readonly ChangeGroup<unknown>[]): void {
    const batch: OwedEvent[] = [];
    for (const { records, position } of groups) {
      const events: PublishableEvent[] = [];
      const letters: DeadLetter[] = [];
      let bytes = 0;
      for (const record of records) {
        bytes += record.bytes;
        const captured = captureChange(source, record);
        if (captured.kind === 'events') events.push(...captured.events);
        else letters.push(captured.letter);
      }
      const group = watermark.open(position, bytes, events.length + letters.length);
      for (const event of events) {
        sequence += 1;
        batch.push({ event, group, sequence });
      }
      for (const letter of letters) void park(letter, group);
    }
    if (batch.length === 0) return;
    if (resending === undefined) publish(batch);
    else owed.push(...batch);
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
