import type { PublishOutcome } from '@tidings/contract';
import { type EntryAnswer, readAnswer } from './answer.ts';
import type { Timer } from './clock.ts';
import { delayQueue } from './delay-queue.ts';
import type { Entry } from './entry.ts';
import { entryFailureKind, mayHaveBeenAccepted, requestFailureKind } from './failure-table.ts';
import { type Flight, type Item, isDecided, itemOf } from './item.ts';
import { decide, type Ledger } from './ledger.ts';
import { nextPack } from './packing.ts';
import type { PublisherSettings } from './publisher-options.ts';
import { readyQueue } from './ready-queue.ts';
import { type Failure, retryVerdict } from './retry-policy.ts';
import type { Reply, RequestFailure, Transport } from './transport.ts';

/** Events of one call, handed over together. */
export interface Consignment {
  readonly entries: readonly Entry[];
  /** Each entry's place in the ledger. */
  readonly indexes: readonly number[];
  readonly ledger: Ledger;
  readonly deadlineMs: number;
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
  /** Resolves when nothing is undecided. */
  idle(): Promise<void>;
  /** Gives up everything that is undecided. */
  giveUpAll(code: string, message: string): void;
}

const UNREADABLE: Failure = {
  kind: 'transient',
  code: 'UnreadableAnswer',
  message: 'The answer did not say what became of the event; publish it again.',
  retryAfterMs: 0,
  scope: 'request',
};

export function createDispatcher(settings: PublisherSettings, transport: Transport): Dispatcher {
  const { clock } = settings;
  const limits = { maxEntries: settings.maxRequestEntries, maxBytes: settings.maxRequestBytes };
  const ready = readyQueue<Item>();
  /** Halves of refused requests: they go as they are, before anything else. */
  const halves: Item[][] = [];
  const waiting = delayQueue<Item>(clock, (due) => {
    for (const item of due) if (!item.decided) ready.push(item);
    pump();
  });
  const live = new Set<Item>();
  const idlers: (() => void)[] = [];
  let inFlight = 0;
  let turnEnds = false;
  let linger: Timer | undefined;
  /** A pack with free places has waited its time: it goes at the next free slot. */
  let overdue = false;

  function dispatch({ entries, indexes, ledger, deadlineMs }: Consignment): Dispatched {
    const deadlineAt = clock.now() + deadlineMs;
    const items = entries.map((entry, place) =>
      itemOf(entry, ledger, indexes[place] ?? place, deadlineAt),
    );
    for (const item of items) {
      live.add(item);
      ready.push(item);
    }
    pump();
    return {
      giveUp(code, message) {
        for (const item of items) if (!item.decided) giveUp(item, code, message);
        pump();
      },
    };
  }

  /** Fills the free slots with full packs, and with others where one is overdue. */
  function pump(): void {
    while (inFlight < settings.concurrency) {
      const items = halves.pop() ?? nextItems();
      if (items === undefined) break;
      launch(items);
    }
    if (live.size === 0 || ready.length === 0) rest();
    else if (!overdue) armLinger();
  }

  function nextItems(): Item[] | undefined {
    let decided = 0;
    while (ready.at(decided)?.decided === true) decided += 1;
    ready.drop(decided);
    const pack = nextPack(ready.at, limits, isDecided);
    if (pack.items.length === 0 || !(pack.full || overdue)) return undefined;
    ready.drop(pack.taken);
    return pack.items;
  }

  function armLinger(): void {
    if (settings.lingerMs > 0) {
      linger ??= clock.setTimer(lingerOver, settings.lingerMs, undefined);
    } else if (!turnEnds) {
      turnEnds = true;
      clock.afterTurn(lingerOver);
    }
  }

  function lingerOver(): void {
    turnEnds = false;
    linger = undefined;
    flush();
  }

  function flush(): void {
    overdue = true;
    pump();
  }

  function rest(): void {
    overdue = false;
    if (linger !== undefined) clock.clearTimer(linger);
    linger = undefined;
  }

  function launch(candidates: readonly Item[]): void {
    const items = candidates.filter((item) => !item.decided);
    if (items.length === 0) return;
    const flight: Flight = { items, controller: new AbortController(), live: items.length };
    for (const item of items) {
      item.attempts += 1;
      item.flight = flight;
    }
    inFlight += 1;
    const timer = clock.setTimer(timeOut, settings.requestTimeoutMs, flight);
    void carry(transport, flight).then((reply) => {
      inFlight -= 1;
      clock.clearTimer(timer);
      for (const item of items) item.flight = undefined;
      if (reply.ok) settleAnswer(items, readAnswer(reply.body, items.length));
      else settleFailure(items, reply.failure);
      pump();
    });
  }

  function settleAnswer(items: readonly Item[], answers: readonly EntryAnswer[]): void {
    for (const [place, item] of items.entries()) {
      if (item.decided) continue;
      const answer = answers[place];
      if (answer?.kind === 'accepted') {
        const { eventId } = item.entry.event;
        const { attempts } = item;
        settle(item, { status: 'accepted', eventId, attempts, busEventId: answer.busEventId });
      } else if (answer?.kind === 'failed') {
        const { code, message } = answer;
        const kind = entryFailureKind(code);
        failed(item, { kind, code, message, retryAfterMs: 0, scope: 'entry' });
      } else {
        item.possiblyAccepted = true;
        failed(item, UNREADABLE);
      }
    }
  }

  function settleFailure(items: readonly Item[], reply: RequestFailure): void {
    const { code, message, retryAfterMs = 0 } = reply;
    const kind = requestFailureKind(reply);
    const undecided = items.filter((item) => !item.decided);
    if (kind === 'permanent' && undecided.length > 1) {
      // One bad entry must not take the others with it: whichever half is refused
      // again is halved again.
      const middle = undecided.length >> 1;
      halves.push(undecided.slice(middle), undecided.slice(0, middle));
      return;
    }
    const possiblyAccepted = mayHaveBeenAccepted(reply);
    for (const item of undecided) {
      if (possiblyAccepted) item.possiblyAccepted = true;
      failed(item, { kind, code, message, retryAfterMs, scope: 'request' });
    }
  }

  function failed(item: Item, failure: Failure): void {
    item.lastFailure = failure;
    item.failures += 1;
    if (failure.kind === 'unknown') item.unknownFailures += 1;
    const now = clock.now();
    const { attempts, failures, unknownFailures } = item;
    const record = { attempts, failures, unknownFailures, leftMs: item.deadlineAt - now };
    const verdict = retryVerdict(failure, record, settings);
    const { code, message } = failure;
    if (verdict.kind === 'retry') {
      item.dueAt = now + verdict.delayMs;
      waiting.add(item);
    } else if (verdict.kind === 'reject') {
      const { eventId } = item.entry.event;
      settle(item, { status: 'rejected', eventId, attempts, code, message });
    } else {
      giveUp(item, code, message);
    }
  }

  function giveUp(item: Item, code: string, message: string): void {
    settle(item, {
      status: 'undelivered',
      eventId: item.entry.event.eventId,
      attempts: item.attempts,
      code: item.lastFailure?.code ?? code,
      message,
      possiblyAccepted: item.possiblyAccepted || item.flight !== undefined,
    });
  }

  function settle(item: Item, outcome: PublishOutcome): void {
    item.decided = true;
    live.delete(item);
    const { flight } = item;
    if (flight !== undefined) {
      flight.live -= 1;
      if (flight.live === 0) flight.controller.abort('Abandoned');
    }
    if (live.size === 0) {
      waiting.clear();
      rest();
      for (const wake of idlers.splice(0)) wake();
    }
    decide(item.ledger, item.index, outcome);
  }

  return {
    dispatch,
    flush,
    idle: () => (live.size === 0 ? Promise.resolve() : new Promise((wake) => idlers.push(wake))),
    giveUpAll(code, message) {
      for (const item of [...live]) giveUp(item, code, message);
    },
  };
}

function timeOut(flight: Flight): void {
  flight.controller.abort('Timeout');
}

/** A transport must not reject; where one does, its events must not be forgotten. */
async function carry(transport: Transport, flight: Flight): Promise<Reply> {
  const entries = flight.items.map((item) => item.entry);
  try {
    return await transport.send(entries, flight.controller.signal);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, failure: { code: 'TransportError', status: undefined, message } };
  }
}
