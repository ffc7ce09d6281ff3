import type { Timer } from './clock.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';
import { type Item, isDecided } from './item.ts';
import { nextPack } from './packing.ts';
import type { PublisherSettings } from './publisher-options.ts';
import { readyQueue } from './ready-queue.ts';

/**
 * Decides which items leave together, and when. A full pack leaves as soon as a slot is
 * free. One with free places waits `lingerMs` for company, or until the end of this turn
 * of the event loop; from then on it is overdue and leaves at the next free slot.
 */
export interface Departures {
  /** Puts an item in line. `depart` must follow. */
  add(item: Item): void;
  /** Items that leave as they are, before all others. `depart` must follow. */
  addPack(items: readonly Item[]): void;
  /** Fills the free slots. */
  depart(): void;
  /** Fills the free slots with packs that have free places as well. */
  flush(): void;
  /** A slot is free again. `depart` must follow. */
  landed(): void;
  /** While held, nothing leaves. */
  hold(held: boolean): void;
  /** Clears every timer: nothing is left that could leave. */
  rest(): void;
  readonly inFlight: number;
}

export function departures(
  settings: PublisherSettings,
  limit: ConcurrencyLimit,
  launch: (items: readonly Item[]) => void,
): Departures {
  const { clock } = settings;
  const packLimits = { maxEntries: settings.maxRequestEntries, maxBytes: settings.maxRequestBytes };
  const ready = readyQueue<Item>();
  const packs: (readonly Item[])[] = [];
  let inFlight = 0;
  let held = false;
  let turnEnds = false;
  let linger: Timer | undefined;
  let resume: Timer | undefined;
  let overdue = false;

  function depart(): void {
    while (inFlight < limit.current && ready.length + packs.length > 0 && mayLeave()) {
      const items = nextUndecided();
      if (items === undefined) break;
      inFlight += 1;
      launch(items);
    }
    if (ready.length === 0) restLinger();
    else if (!overdue) armLinger();
  }

  function mayLeave(): boolean {
    if (held) return false;
    if (limit.resumeAt === 0) return true;
    const pauseMs = limit.resumeAt - clock.now();
    if (pauseMs <= 0) return true;
    resume ??= clock.setTimer(pauseOver, pauseMs, undefined);
    return false;
  }

  function nextUndecided(): readonly Item[] | undefined {
    for (;;) {
      const pack = packs.pop();
      if (pack === undefined) return nextReady();
      const undecided = pack.filter((item) => !item.decided);
      if (undecided.length > 0) return undecided;
    }
  }

  function nextReady(): readonly Item[] | undefined {
    let decided = 0;
    while (ready.at(decided)?.decided === true) decided += 1;
    ready.drop(decided);
    const pack = nextPack(ready.at, packLimits, isDecided);
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

  function pauseOver(): void {
    resume = undefined;
    depart();
  }

  function flush(): void {
    overdue = true;
    depart();
  }

  function restLinger(): void {
    overdue = false;
    if (linger !== undefined) clock.clearTimer(linger);
    linger = undefined;
  }

  return {
    add: ready.push,
    addPack: (items) => packs.push(items),
    depart,
    flush,
    landed() {
      inFlight -= 1;
    },
    hold(value) {
      held = value;
      if (!held) depart();
    },
    rest() {
      ready.drop(ready.length);
      packs.length = 0;
      restLinger();
      if (resume !== undefined) clock.clearTimer(resume);
      resume = undefined;
    },
    get inFlight() {
      return inFlight;
    },
  };
}
