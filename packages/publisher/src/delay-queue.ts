import type { Clock, Timer } from './clock.ts';

/** Something that waits until its own time has come. */
export interface Delayed {
  /** By the clock of the queue. */
  dueAt: number;
}

/** Holds items until they are due, with one timer for all of them. */
export interface DelayQueue<Item extends Delayed> {
  add(item: Item): void;
  /** Forgets every item and its timer. */
  clear(): void;
}

/** A queue that hands each item to `onDue` once its `dueAt` has come, soonest first. */
export function delayQueue<Item extends Delayed>(
  clock: Clock,
  onDue: (items: readonly Item[]) => void,
): DelayQueue<Item> {
  const heap: Item[] = [];
  let timer: Timer | undefined;
  let timerDueAt = Number.POSITIVE_INFINITY;

  function arm(): void {
    const first = heap[0];
    if (first === undefined || (timer !== undefined && timerDueAt <= first.dueAt)) return;
    if (timer !== undefined) clock.clearTimer(timer);
    timerDueAt = first.dueAt;
    timer = clock.setTimer(release, Math.max(0, first.dueAt - clock.now()), undefined);
  }

  function release(): void {
    timer = undefined;
    const now = clock.now();
    const due: Item[] = [];
    for (let first = heap[0]; first !== undefined && first.dueAt <= now; first = heap[0]) {
      due.push(first);
      removeFirst(heap);
    }
    arm();
    if (due.length > 0) onDue(due);
  }

  return {
    add(item) {
      insert(heap, item);
      arm();
    },
    clear() {
      heap.length = 0;
      if (timer !== undefined) clock.clearTimer(timer);
      timer = undefined;
    },
  };
}

function insert(heap: Delayed[], item: Delayed): void {
  let place = heap.push(item) - 1;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || above.dueAt <= item.dueAt) break;
    heap[place] = above;
    place = parent;
  }
  heap[place] = item;
}

function removeFirst(heap: Delayed[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let place = 0;
  for (;;) {
    let child = place * 2 + 1;
    const left = heap[child];
    if (left === undefined) break;
    const right = heap[child + 1];
    let smaller = left;
    if (right !== undefined && right.dueAt < left.dueAt) {
      smaller = right;
      child += 1;
    }
    if (smaller.dueAt >= last.dueAt) break;
    heap[place] = smaller;
    place = child;
  }
  heap[place] = last;
}
