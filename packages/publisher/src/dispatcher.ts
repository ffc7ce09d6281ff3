import type { PublishOutcome } from '@tidings/contract';
import { concurrencyLimit } from './concurrency-limit.ts';
import { delayQueue } from './delay-queue.ts';
import { departures } from './departures.ts';
import { type Entry, entryOf } from './entry.ts';
import { abandon, observeLanding, observeTakeOff, takeOff, withdraw } from './flight.ts';
import { type Flight, type Item, itemOf } from './item.ts';
import { keyLanes, noLanes } from './lanes.ts';
import { decide, type Ledger } from './ledger.ts';
import { type OversizePolicy, shrinkEvent } from './oversize.ts';
import { type FailedOutcome, parkingAt } from './parking.ts';
import type { PublisherSettings } from './publisher-options.ts';
import { type EntryResult, replyResults } from './reply-results.ts';
import { type Failure, retryVerdict } from './retry-policy.ts';
import type { Reply, Transport } from './transport.ts';

// Longer than most files because it is the one place where an item changes its place
// (see `Item`). What needs no state is decided elsewhere: nextPack, replyResults,
// retryVerdict.

/** Events of one call, handed over together. */
export interface Consignment {
  readonly entries: readonly Entry[];
  /** Each entry's place in the ledger. */
  readonly indexes: readonly number[];
  readonly ledger: Ledger;
  readonly deadlineMs: number;
  /** The caller gave it up before it was handed over: nothing of it is sent. */
  readonly isAborted: boolean;
}

/** What is still undecided of a consignment can be given up. */
export interface Dispatched {
  /** Decides what is undecided as `undelivered`. `code` counts where nothing failed before. */
  giveUp(code: string, message: string): void;
}

/** Sends events until each is decided, once. */
export interface Dispatcher {
  dispatch(consignment: Consignment): Dispatched;
  /** Sends what waits for more events to share its request with. */
  flush(): void;
  /** While held, nothing is sent. */
  hold(held: boolean): void;
  /** True where every outcome was told. */
  isIdle(): boolean;
  /** Resolves when every outcome was told. */
  idle(): Promise<void>;
  /** Gives up everything that is undecided. */
  giveUpAll(code: string, message: string): void;
}

/** Why an event was given up whose caller aborted the call. */
export const ABORTED = 'The caller gave the event up before it was accepted.';

export function createDispatcher(settings: PublisherSettings, transport: Transport): Dispatcher {
  const { clock, observe, maxEventBytes, oversize, deadLetters } = settings;
  const limit = concurrencyLimit(settings.concurrency, clock, settings.random);
  const lanes = settings.ordering === 'key' ? keyLanes() : noLanes;
  const parking = deadLetters === undefined ? undefined : parkingAt(deadLetters, settings);
  const waiting = delayQueue<Item>(clock, (due) => {
    for (const item of due) if (!item.decided) admit(item);
    queue.depart();
  });
  const untold = new Set<Item>();
  const idlers: (() => void)[] = [];
  let flights = 0;

  const queue = departures(settings, limit, (items) => {
    flights += 1;
    const flight = takeOff(flights, items, transport, settings, land);
    observeTakeOff(settings, flight, queue.inFlight);
  });

  function dispatch(consignment: Consignment): Dispatched {
    const { entries, indexes, ledger, deadlineMs, isAborted } = consignment;
    const now = clock.now();
    const items: Item[] = [];
    for (let place = 0; place < entries.length; place += 1) {
      const item = itemOf(
        entries[place] as Entry,
        ledger,
        indexes[place] ?? place,
        now,
        deadlineMs,
      );
      items.push(item);
      untold.add(item);
      // What can never be sent need not wait for its turn.
      if (isAborted) giveUp(item, 'Aborted', ABORTED);
      else if (item.bytes > maxEventBytes && oversize === undefined) rejectTooLarge(item);
      else if (lanes.enter(item)) admit(item);
    }
    queue.depart();
    return {
      giveUp(code, message) {
        giveUpEach(items, code, message);
        queue.depart();
      },
    };
  }

  /** Lets an item go to the bus: out of its lane, or when it is due again. */
  function admit(item: Item): void {
    if (item.bytes <= maxEventBytes || oversize === undefined) queue.add(item);
    else void shrink(item, oversize);
  }

  async function shrink(item: Item, policy: OversizePolicy): Promise<void> {
    const { maxRetryAfterMs } = settings;
    const shrunk = await shrinkEvent(policy, item.entry.event, maxEventBytes, maxRetryAfterMs);
    if (item.decided) return;
    if (shrunk.ok) {
      const bytesBefore = item.bytes;
      item.entry = entryOf(shrunk.event, settings.eventBusName);
      item.bytes = item.entry.bytes;
      const { eventId } = shrunk.event;
      observe?.({ type: 'event-shrunk', eventId, bytesBefore, bytes: item.bytes });
      if (item.bytes <= maxEventBytes) queue.add(item);
      else rejectTooLarge(item);
    } else {
      failed(item, shrunk.failure, false);
    }
    queue.depart();
  }

  function land(flight: Flight, reply: Reply): void {
    queue.landed();
    const { items } = flight;
    const read = replyResults(reply, items.length, settings.maxRetryAfterMs);
    const undecided = items.filter((item) => !item.decided);
    const givenUp = items.filter((item) => item.decided);
    const bisected = read.refused && items.length > 1;
    let accepted = 0;
    let throttled = 0;
    let retryAfterMs = 0;
    if (bisected) {
      // One bad entry must not take the others with it: whichever half is refused again
      // is halved again.
      const middle = undecided.length >> 1;
      queue.addPack(undecided.slice(middle));
      queue.addPack(undecided.slice(0, middle));
    } else {
      for (let place = 0; place < items.length; place += 1) {
        const item = items[place] as Item;
        const result = read.results[place] as EntryResult;
        if (result.kind === 'accepted') {
          accepted += 1;
          if (!item.decided) accept(item, result.busEventId);
        } else {
          if (result.failure.kind === 'throttled') throttled += 1;
          retryAfterMs = Math.max(retryAfterMs, result.failure.retryAfterMs);
          if (!item.decided) failed(item, result.failure, flight.isSent);
        }
      }
    }
    for (const item of givenUp) leaveLane(item);
    observeLanding(settings, flight, reply, accepted, bisected);
    if (limit.answered(flight.startedAt, throttled / items.length, retryAfterMs)) {
      observe?.({ type: 'concurrency-changed', limit: limit.current });
    }
    queue.depart();
  }

  function failed(item: Item, failure: Failure, isSent: boolean): void {
    const { code, message } = failure;
    item.lastFailure = failure;
    item.failures += 1;
    if (failure.kind === 'uncertain') item.uncertainFailures += 1;
    if (failure.mayHaveBeenAccepted && isSent) item.possiblyAccepted = true;
    const now = clock.now();
    const verdict = retryVerdict(failure, item, item.deadlineAt - now, settings);
    if (verdict.kind === 'retry') {
      const { delayMs } = verdict;
      const { attempts } = item;
      const { eventId } = item.entry.event;
      item.dueAt = now + delayMs;
      waiting.add(item);
      observe?.({ type: 'event-retried', eventId, attempts, code, delayMs });
      if (item.ledger.onRetry !== undefined) {
        const endpoint = transport.endpoint?.();
        const at = endpoint === undefined ? {} : { endpoint };
        item.ledger.onRetry({ eventId, attempts, code, message, ...at, delayMs }, item.index);
      }
    } else if (verdict.kind === 'reject') {
      reject(item, code, message);
    } else {
      giveUp(item, code, message);
    }
  }

  function accept(item: Item, busEventId: string): void {
    item.decided = true;
    const { eventId } = item.entry.event;
    tell(item, { status: 'accepted', eventId, attempts: item.attempts, busEventId });
    leaveLane(item);
  }

  function rejectTooLarge(item: Item): void {
    const advice = 'put the large part elsewhere and publish a reference to it, or set oversize';
    const message = `The event has ${item.bytes} bytes and may have ${maxEventBytes}; ${advice}.`;
    reject(item, 'EventTooLarge', message);
  }

  function reject(item: Item, code: string, message: string): void {
    const { eventId } = item.entry.event;
    settleFailed(item, { status: 'rejected', eventId, attempts: item.attempts, code, message });
    leaveLane(item);
  }

  function leaveLane(item: Item): void {
    const next = lanes.leave(item);
    if (next !== undefined) admit(next);
  }

  function giveUpEach(items: readonly Item[], code: string, message: string): void {
    withdraw(items.filter((item) => !item.decided));
    for (const item of items) if (!item.decided) giveUp(item, code, message);
  }

  function giveUp(item: Item, code: string, message: string): void {
    const mayStillArrive = item.flight !== undefined && !item.flight.isWithdrawn;
    const { lastFailure: last } = item;
    const isTold = last === undefined || last.message === '' || last.message === message;
    settleFailed(item, {
      status: 'undelivered',
      eventId: item.entry.event.eventId,
      attempts: item.attempts,
      code: last?.code ?? code,
      message: isTold ? message : `${message} The last attempt: ${last.message}`,
      possiblyAccepted: item.possiblyAccepted || mayStillArrive,
    });
    for (const behind of lanes.breakOff(item, item.flight !== undefined)) {
      if (behind.decided) continue;
      const why = 'The event before it in its ordering key was not delivered';
      giveUp(behind, 'PrecedingUndelivered', `${why}; publish both again, in order.`);
    }
  }

  function settleFailed(item: Item, outcome: FailedOutcome): void {
    item.decided = true;
    if (item.flight !== undefined) abandon(item.flight);
    // A caller that set no deadline keeps what is not delivered, and publishes it again.
    const isKept = outcome.status === 'undelivered' && item.deadlineAt === Infinity;
    if (parking === undefined || isKept) tell(item, outcome);
    else parking.park(item.entry.event, outcome, (told) => tell(item, told));
  }

  function tell(item: Item, outcome: PublishOutcome): void {
    untold.delete(item);
    const { source, detailType } = item.entry.event;
    const { bytes } = item;
    if (observe !== undefined) {
      const durationMs = clock.now() - item.startedAt;
      observe({ type: 'event-decided', source, detailType, bytes, durationMs, outcome });
    }
    if (untold.size === 0) {
      waiting.clear();
      queue.rest();
      for (const wake of idlers.splice(0)) wake();
    }
    decide(item.ledger, item.index, outcome);
  }

  return {
    dispatch,
    flush: queue.flush,
    hold: queue.hold,
    isIdle: () => untold.size === 0,
    idle: () => (untold.size === 0 ? Promise.resolve() : new Promise((wake) => idlers.push(wake))),
    giveUpAll(code, message) {
      giveUpEach([...untold], code, message);
    },
  };
}
