import { AsyncLocalStorage } from 'node:async_hooks';
import type { PublishResult } from '@tidings/contract';

/**
 * One invocation of a function, as publishers see it: how long it lasts, and what they do in it.
 * An environment is frozen or killed as soon as its function has answered, so that whatever is
 * still on its way then may never arrive.
 */
export interface Invocation {
  /** Milliseconds until its events must be decided. */
  leftMs(): number;
  /** What was added, and not flushed yet. */
  added: Promise<PublishResult>[];
  /** Calls that are undecided. */
  readonly calls: Set<Promise<PublishResult>>;
  /** Sends what waits for more events, of each publisher that was called. */
  readonly flushers: Set<() => void>;
  isOver: boolean;
}

export function openInvocation(leftMs: () => number): Invocation {
  return { leftMs, added: [], calls: new Set(), flushers: new Set(), isOver: false };
}

const running = new AsyncLocalStorage<Invocation>();

/** By publisher, for a middleware, which cannot run the handler itself. */
const entered = new WeakMap<object, Invocation>();

/** Runs a handler within its invocation. Several may run at the same time. */
export function runWithin<Result>(invocation: Invocation, run: () => Result): Result {
  return running.run(invocation, run);
}

/** Makes an invocation that of everything that is published through this publisher. */
export function enter(publisher: object, invocation: Invocation): void {
  entered.set(publisher, invocation);
}

/** The invocation in which a publisher is called; undefined outside of any. */
export function invocationOf(publisher: object): Invocation | undefined {
  // What a handler left running, such as a timer, goes on when its invocation is over.
  return [running.getStore(), entered.get(publisher)].find((each) => each?.isOver === false);
}
