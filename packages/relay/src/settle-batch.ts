import { setMaxListeners } from 'node:events';
import {
  type DeadLetters,
  describeFailure,
  type PublishableEvent,
  type Publisher,
  type PublishOutcome,
} from '@tidings/contract';
import type { Captured } from './capture-change.ts';
import { letterBox } from './letter-box.ts';
import type { Logger } from './logger.ts';
import { settlementOf } from './settlement.ts';

/** One record of a batch that some service handed over. */
export interface BatchRecord {
  /**
   * Records with the same lane are published one after the other: what keeps the changes of
   * one row in order.
   */
  readonly lane: string;
  readonly captured: Captured;
}

/** Where a batch goes. */
export interface BatchSettings {
  readonly publisher: Publisher;
  /** Keeps poison, and what the bus refuses for good. Without it such a record is unsettled. */
  readonly deadLetters: DeadLetters | undefined;
  readonly logger: Logger;
  /** Names the feed in dead letters. */
  readonly source: string;
  /**
   * Milliseconds until the batch must be answered: what is undecided then is unsettled.
   * `Infinity` waits for the publisher.
   */
  readonly answerWithinMs: number;
}

interface Step {
  readonly index: number;
  readonly record: BatchRecord;
  /** The next record of the same lane. */
  next: Step | undefined;
  undecided: number;
  state: 'waiting' | 'settled' | 'unsettled';
}

/** An event on its way. */
interface Sent {
  readonly event: PublishableEvent;
  readonly step: Step;
  isDecided: boolean;
}

/** Chains the records of each lane; returns all of them and those that are first in theirs. */
function lineUp(records: readonly BatchRecord[]): { all: readonly Step[]; first: Step[] } {
  const last = new Map<string, Step>();
  const first: Step[] = [];
  const all = records.map((record, index) => {
    const step: Step = { index, record, next: undefined, undecided: 0, state: 'waiting' };
    const before = last.get(record.lane);
    if (before === undefined) first.push(step);
    else before.next = step;
    last.set(record.lane, step);
    return step;
  });
  return { all, first };
}

/**
 * Publishes a batch and tells the index of the first record that is not settled; undefined
 * where all are. Services that are told of it deliver everything again from there on, so
 * that nothing behind it is begun any more. Never rejects for what a publisher or the
 * dead-letter port does.
 */
export async function settleBatch(
  records: readonly BatchRecord[],
  settings: BatchSettings,
): Promise<number | undefined> {
  const { publisher, source, logger, answerWithinMs } = settings;
  const expiry = new AbortController();
  const { signal } = expiry;
  // As many calls listen as are in flight.
  setMaxListeners(0, signal);
  const letters = letterBox(settings.deadLetters, logger);
  const { all, first } = lineUp(records);
  let firstUnsettled = Number.POSITIVE_INFINITY;
  /** Steps that were begun and are neither settled nor unsettled. */
  let open = 0;
  let ready: Sent[] = [];
  const undelivered: { events: number; last?: { code: string; reason: string } } = { events: 0 };
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });

  function close(step: Step, state: 'settled' | 'unsettled'): void {
    step.state = state;
    open -= 1;
    if (state === 'settled') begin(step.next);
    else firstUnsettled = Math.min(firstUnsettled, step.index);
    if (open === 0) finish();
  }

  function decide(step: Step, isSettled: boolean): void {
    if (step.state !== 'waiting') return;
    step.undecided -= 1;
    if (!isSettled) close(step, 'unsettled');
    else if (step.undecided === 0) close(step, 'settled');
  }

  function onOutcome(outcome: PublishOutcome, sent: Sent | undefined): void {
    if (sent === undefined || sent.isDecided) return;
    sent.isDecided = true;
    const { event, step } = sent;
    const settlement = settlementOf(outcome, event, source);
    if (settlement.kind === 'park') {
      void letters.park(settlement.letter).then((isDurable) => decide(step, isDurable));
      return;
    }
    if (settlement.kind === 'owed') {
      undelivered.events += 1;
      undelivered.last = settlement;
    }
    decide(step, settlement.kind === 'settled');
  }

  async function publishReady(): Promise<void> {
    const batch = ready;
    ready = [];
    try {
      const outcomes = await publisher.publishSettled(
        batch.map(({ event }) => event),
        { signal, onOutcome: (outcome, index) => onOutcome(outcome, batch[index]) },
      );
      outcomes.forEach((outcome, index) => {
        onOutcome(outcome, batch[index]);
      });
    } catch (error) {
      // A publisher that is closed, or that breaks its promise not to reject.
      logger.error(
        { reason: describeFailure(error), events: batch.length },
        'the publisher failed',
      );
      for (const sent of batch) if (!sent.isDecided) decide(sent.step, false);
    }
  }

  /** Begins a record and, where it yields nothing, those behind it in its lane. */
  function begin(from: Step | undefined): void {
    for (let step = from; step !== undefined; step = step.next) {
      if (step.index > firstUnsettled || signal.aborted) return;
      const { captured } = step.record;
      if (captured.kind === 'events' && captured.events.length === 0) {
        step.state = 'settled';
        continue;
      }
      open += 1;
      const begun = step;
      if (captured.kind === 'poison') {
        begun.undecided = 1;
        void letters.park(captured.letter).then((isDurable) => decide(begun, isDurable));
        return;
      }
      begun.undecided = captured.events.length;
      if (ready.length === 0) queueMicrotask(() => void publishReady());
      for (const event of captured.events) ready.push({ event, step: begun, isDecided: false });
      return;
    }
  }

  const expired = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const timer =
    answerWithinMs === Number.POSITIVE_INFINITY
      ? undefined
      : setTimeout(() => expiry.abort(), answerWithinMs);
  if (answerWithinMs <= 0) expiry.abort();
  for (const step of first) begin(step);
  if (open > 0) await Promise.race([finished, expired]);
  clearTimeout(timer);
  if (undelivered.last !== undefined) {
    // One line a batch: a bus that is down would fill the log otherwise.
    const { code, reason } = undelivered.last;
    logger.warn({ events: undelivered.events, code, reason }, 'events are undelivered');
  }
  return all.find(({ state }) => state !== 'settled')?.index;
}
