import { setTimeout as delay } from 'node:timers/promises';
import {
  type DeadLetter,
  type DeadLetters,
  fullJitter,
  type PublishableEvent,
  type PublishOutcome,
} from '@tidings/contract';
import { captureChange } from './capture-change.ts';
import type { ChangeGroup } from './change-source.ts';
import { ConfigurationError } from './configuration-error.ts';
import type { RelaySettings } from './relay-options.ts';
import { createSender, type OwedEvent } from './sender.ts';
import { settlementOf } from './settlement.ts';
import { waitReport } from './wait-report.ts';
import { type PendingGroup, Watermark } from './watermark.ts';

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
  /** Publishes nothing, and takes back what the publisher has not decided. */
  hold(): void;
  /** Publishes again, in order, what was held. */
  release(): Promise<void>;
  /** The bus was seen: what is accepted is counted anew. */
  busSeen(): void;
  readonly acceptedSinceSeen: number;
  /** True while events wait for a bus that does not take them. */
  readonly isStalled: boolean;
  /** By `performance.now`: when something was settled last. */
  readonly lastProgressAt: number;
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
  const { source, deadLetters, logger, maxInFlightBytes, retryBackoff } = settings;
  const watermark = new Watermark();
  const report = waitReport(logger, watermark);
  const abandoned = new AbortController();
  const sender = createSender(settings, { report, decided, pause, fail });
  const waiters: { readonly ready: () => boolean; readonly resolve: () => void }[] = [];
  let sequence = 0;
  let acceptedSinceSeen = 0;

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
    const waitMs = fullJitter(retryBackoff, attempt);
    return delay(waitMs, true, { signal: abandoned.signal }).catch(() => false);
  }

  function decided({ event, group }: OwedEvent, outcome: PublishOutcome): void {
    if (outcome.status === 'accepted') acceptedSinceSeen += 1;
    const settlement = settlementOf(outcome, event, source.name);
    if (settlement.kind === 'park') park(settlement.letter, group);
    else settle(group);
  }

  function park(letter: DeadLetter, group: PendingGroup): void {
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
    parkUntilDurable(letter, deadLetters)
      .then((isDurable) => isDurable && settle(group))
      .catch(fail);
  }

  /** False when the work was given up before the letter was durable. */
  async function parkUntilDurable(letter: DeadLetter, store: DeadLetters): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await store.park([letter]);
        logger.warn({ code: letter.code, reason: letter.reason }, 'parked a dead letter');
        report.parked(letter);
        return true;
      } catch (error) {
        report.notParked(letter, error);
        if (!(await pause(attempt))) return false;
      }
    }
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
        if (captured.kind === 'poison') letters.push(captured.letter);
        else for (const event of captured.events) events.push(event);
      }
      const group = watermark.open(position, bytes, events.length + letters.length);
      for (const event of events) {
        sequence += 1;
        batch.push({ event, group, sequence });
      }
      for (const letter of letters) park(letter, group);
    }
    if (batch.length > 0) sender.send(batch);
  }

  stopping.addEventListener('abort', wake, { once: true });

  return {
    watermark,
    submit,
    room: () => until(() => watermark.bytesInFlight < maxInFlightBytes || stopping.aborted),
    empty: () => until(() => watermark.groupsInFlight === 0 || abandoned.signal.aborted),
    abandon(): void {
      abandoned.abort();
      sender.abandon();
      report.stop();
      wake();
    },
    hold(): void {
      report.bus('missing');
      sender.hold();
    },
    async release(): Promise<void> {
      await sender.release();
      report.bus('present');
    },
    busSeen(): void {
      acceptedSinceSeen = 0;
    },
    get acceptedSinceSeen() {
      return acceptedSinceSeen;
    },
    get isStalled() {
      return sender.isHeld || report.isBusFailing;
    },
    get lastProgressAt() {
      return report.lastProgressAt;
    },
  };
}
