import { setMaxListeners } from 'node:events';
import {
  describeFailure,
  type PublishableEvent,
  type PublishOutcome,
  type PublishResult,
  type PublishRetry,
} from '@tidings/contract';
import { ConfigurationError } from './configuration-error.ts';
import type { RelaySettings } from './relay-options.ts';
import type { WaitReport } from './wait-report.ts';
import type { PendingGroup } from './watermark.ts';

/** An event that the bus has not accepted yet, and its place in the stream. */
export interface OwedEvent {
  readonly event: PublishableEvent;
  readonly group: PendingGroup;
  readonly sequence: number;
}

/** What the sender needs of the delivery around it. */
export interface SenderParts {
  readonly report: WaitReport;
  /** Takes an outcome that is not `undelivered`, once an event. */
  readonly decided: (owing: OwedEvent, outcome: PublishOutcome) => void;
  /** Waits before another attempt; false when the work was given up meanwhile. */
  readonly pause: (attempt: number) => Promise<boolean>;
  readonly fail: (error: Error) => void;
}

/** Publishes events until each is accepted or rejected. */
export interface Sender {
  /** Publishes a batch, behind what is owed from before. */
  send(batch: readonly OwedEvent[]): void;
  /** Publishes nothing, and takes back what the publisher has not decided. */
  hold(): void;
  /** Publishes again, in order, what was held. */
  release(): Promise<void>;
  /** Gives up what is undecided. */
  abandon(): void;
  readonly isHeld: boolean;
}

export function createSender(
  { publisher, logger }: RelaySettings<unknown>,
  { report, decided, pause, fail }: SenderParts,
): Sender {
  /** Ends the calls of the publisher that are under way; a new one after each hold. */
  let sending = callsController();
  const calls = new Set<Promise<void>>();
  let isHeld = false;
  let isAbandoned = false;
  /** Events that the publisher gave back, and those that came after them. */
  let owed: OwedEvent[] = [];
  let resending: Promise<void> | undefined;
  let resends = 0;
  /**
   * Whether outcomes come as soon as they are decided. Where they come with the end of a call
   * only, because a publisher in between drops `onOutcome`, an event that was given up long ago
   * may still look undecided, and one behind it in its key would overtake it: then there is
   * one call at a time, as there is until the first outcome has shown.
   */
  let outcomesCome: 'as decided' | 'at the end' | 'unknown' = 'unknown';

  function mayPublish(): boolean {
    if (resending !== undefined || isHeld || isAbandoned) return false;
    return outcomesCome === 'as decided' || calls.size === 0;
  }

  function publish(batch: readonly OwedEvent[]): void {
    const call = decideAll(batch)
      .catch(fail)
      .finally(() => {
        calls.delete(call);
        publishOwed();
      });
    calls.add(call);
  }

  async function decideAll(batch: readonly OwedEvent[]): Promise<void> {
    const done = new Set<number>();
    const settle = (outcome: PublishOutcome, index: number): void => {
      const owing = batch[index];
      if (owing === undefined || done.has(index)) return;
      done.add(index);
      try {
        take(owing, outcome);
      } catch (error) {
        fail(error as Error);
      }
    };
    const onOutcome = (outcome: PublishOutcome, index: number): void => {
      settle(outcome, index);
      if (outcomesCome !== 'unknown') return;
      outcomesCome = 'as decided';
      publishOwed();
    };
    const onRetry = (retry: PublishRetry, index: number): void => {
      const owing = batch[index];
      if (owing !== undefined && !done.has(index)) report.retried(owing, retry);
    };
    let outcomes: PublishResult;
    try {
      outcomes = await publisher.publishSettled(
        batch.map(({ event }) => event),
        { deadlineMs: Number.POSITIVE_INFINITY, signal: sending.signal, onOutcome, onRetry },
      );
    } catch (error) {
      const message = describeFailure(error);
      for (const [index, owing] of batch.entries()) {
        if (!done.has(index)) owe(owing, { code: 'PublisherFailed', message });
      }
      return;
    }
    if (done.size < batch.length) outcomesCome = 'at the end';
    for (const [index, outcome] of outcomes.entries()) settle(outcome, index);
    const undecided = batch.length - done.size;
    if (undecided === 0) return;
    // To publish them again could repeat them for ever.
    throw new ConfigurationError(
      `the publisher returned no outcome for ${undecided} of ${batch.length} events; a ` +
        'publisher must answer every event with one outcome, in order',
    );
  }

  function take(owing: OwedEvent, outcome: PublishOutcome): void {
    if (outcome.status === 'undelivered') {
      owe(owing, outcome);
      return;
    }
    if (resending === undefined) resends = 0;
    report.decided(owing);
    decided(owing, outcome);
  }

  function owe(owing: OwedEvent, failure: Pick<PublishRetry, 'code' | 'message'>): void {
    owed.push(owing);
    if (isAbandoned || isHeld) {
      report.withdrawn(owing);
      return;
    }
    report.retried(owing, failure);
    resending ??= resend(failure).catch(fail);
  }

  /**
   * Publishes again what the publisher gave back. Whatever is sent meanwhile waits behind
   * it: events of one ordering key must not overtake each other.
   */
  async function resend({ code, message }: Pick<PublishRetry, 'code' | 'message'>): Promise<void> {
    resends += 1;
    const fields = { code, reason: message, attempt: resends };
    logger.warn(fields, 'events undelivered; trying again');
    const goOn = await pause(resends);
    resending = undefined;
    if (goOn) publishOwed();
  }

  /** Publishes what is owed, unless it must wait: then whatever ends the wait calls this. */
  function publishOwed(): void {
    if (owed.length === 0 || !mayPublish()) return;
    const batch = owed.sort((a, b) => a.sequence - b.sequence);
    owed = [];
    publish(batch);
  }

  return {
    send(batch) {
      if (owed.length === 0 && mayPublish()) publish(batch);
      else for (const owing of batch) owed.push(owing);
    },
    hold() {
      isHeld = true;
      sending.abort();
    },
    async release() {
      const held = sending;
      if (!isHeld) return;
      // What comes back late must not be overtaken by what came behind it.
      await Promise.all(calls);
      if (isAbandoned || sending !== held) return;
      sending = callsController();
      isHeld = false;
      publishOwed();
    },
    abandon() {
      isAbandoned = true;
      sending.abort();
    },
    get isHeld() {
      return isHeld;
    },
  };
}

/** As many calls listen to its signal as are under way. */
function callsController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
