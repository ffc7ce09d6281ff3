import { describeFailure, type PublishRetry } from '@tidings/contract';
import type { Logger } from './logger.ts';
import { LINE_EVERY_MS, recurringLine } from './recurring-line.ts';
import type { Watermark } from './watermark.ts';

/** What is told of an attempt that failed. */
type Failure = Pick<PublishRetry, 'code' | 'message' | 'endpoint'>;

/**
 * Tells what a delivery waits for: a bus that does not take events, dead letters that cannot
 * be written, or a publisher that says nothing at all.
 */
export interface WaitReport {
  /** An event was not accepted yet and is going to be sent again. */
  retried(event: object, failure: Failure): void;
  /** An event was decided. */
  decided(event: object): void;
  /** An event is not sent for the time being. */
  withdrawn(event: object): void;
  /** While the bus is missing nothing is sent; whoever found that out tells of it. */
  bus(state: 'missing' | 'present'): void;
  /** A dead letter could not be written and is going to be written again. */
  notParked(letter: object, error: unknown): void;
  /** A dead letter is durable, or was given up. */
  parked(letter: object): void;
  /** True while events are sent again and again. */
  readonly isBusFailing: boolean;
  /** By `performance.now`: when something was settled, or the report began. */
  readonly lastProgressAt: number;
  stop(): void;
}

/** A failure that is over within this time is not worth a line. */
const FIRST_LINE_MS = 2_000;
const LOOK_EVERY_MS = 500;

export function waitReport(logger: Logger, watermark: Watermark): WaitReport {
  const failing = new Set<object>();
  const letters = new Set<object>();
  let failure: Failure = { code: '', message: '' };
  let letterFailure = '';
  let isMissing = false;
  let lastProgressAt = performance.now();

  const bus = recurringLine({
    afterMs: FIRST_LINE_MS,
    waiting(forMs) {
      const { code, message: reason, endpoint } = failure;
      logger.error(
        { code, reason, endpoint, events: failing.size, ...inFlight(), forMs },
        'the bus does not take events; trying again',
      );
    },
    over: (forMs) => logger.info({ forMs }, 'the bus takes events again'),
  });
  const store = recurringLine({
    afterMs: 0,
    waiting: (forMs) =>
      logger.error(
        { reason: letterFailure, letters: letters.size, ...inFlight(), forMs },
        'could not park a dead letter; trying again',
      ),
    over: (forMs) => logger.info({ forMs }, 'dead letters are written again'),
  });
  const silence = recurringLine({
    afterMs: 0,
    waiting: () =>
      logger.warn(
        { ...inFlight(), forMs: Math.round(performance.now() - lastProgressAt) },
        'waiting for the publisher, which has decided nothing',
      ),
  });

  function inFlight(): { readonly groups: number; readonly bytes: number } {
    return { groups: watermark.groupsInFlight, bytes: watermark.bytesInFlight };
  }

  function look(): void {
    bus.look(failing.size > 0);
    store.look(letters.size > 0);
    const isIdle = watermark.groupsInFlight === 0 || isMissing;
    if (isIdle) lastProgressAt = performance.now();
    const isTold = failing.size > 0 || letters.size > 0;
    silence.look(!isIdle && !isTold && performance.now() - lastProgressAt >= LINE_EVERY_MS);
  }

  const timer = setInterval(look, LOOK_EVERY_MS);

  return {
    retried(event, seen) {
      failing.add(event);
      failure = seen;
    },
    decided(event) {
      failing.delete(event);
      lastProgressAt = performance.now();
    },
    withdrawn(event) {
      failing.delete(event);
    },
    bus(state) {
      isMissing = state === 'missing';
    },
    notParked(letter, error) {
      letters.add(letter);
      letterFailure = describeFailure(error);
      look();
    },
    parked(letter) {
      letters.delete(letter);
      lastProgressAt = performance.now();
    },
    get isBusFailing() {
      return failing.size > 0;
    },
    get lastProgressAt() {
      return lastProgressAt;
    },
    stop: () => clearInterval(timer),
  };
}
