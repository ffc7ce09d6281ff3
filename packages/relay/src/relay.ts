import { setTimeout as delay } from 'node:timers/promises';
import { busWatch } from './bus-watch.ts';
import { TakenOver } from './change-source.ts';
import { startCheckpointer } from './checkpointer.ts';
import { createDelivery, type Delivery } from './delivery.ts';
import { drain } from './drain.ts';
import { reasonOf } from './failure-reason.ts';
import { guardedLogger } from './guarded-logger.ts';
import type { RelaySettings } from './relay-options.ts';
import { type RelayState, type RelayStep, stateAfter } from './relay-state.ts';

/** A running or finished relay. */
export interface Relay {
  readonly state: RelayState;
  /**
   * Reads, publishes and confirms until `stop`. Resolves when drained.
   * @throws ConfigurationError, or what else stopped the relay. Nothing is lost by
   * it: what was not confirmed is read again at the next start.
   */
  run(): Promise<void>;
  /** Drains: reads no more, settles what is in flight, confirms it. */
  stop(): void;
}

/** How long the last confirmation and the closing of connections may take together. */
const RELEASE_MS = 4_000;

/** Puts a source and a publisher together. Call `run` once. */
export function createRelay<Change>(given: RelaySettings<Change>): Relay {
  const settings = { ...given, logger: guardedLogger(given.logger) };
  const { source, publisher, logger } = settings;
  const reading = new AbortController();
  let state: RelayState = 'starting';
  let failure: Error | undefined;

  function step(name: RelayStep): void {
    const before = state;
    state = stateAfter(state, name);
    if (state !== before) logger.info({ state, source: source.name }, `relay ${state}`);
  }

  function stop(): void {
    if (state === 'stopped') return;
    step('stop');
    reading.abort();
  }

  function fail(error: Error): void {
    failure ??= error;
    reading.abort();
  }

  /** Resolves when the relay is told to stop, for what knows nothing of that. */
  function unlessStopped(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      if (reading.signal.aborted) resolve();
      reading.signal.addEventListener('abort', () => resolve(), { once: true });
      work.then(resolve, reject);
    });
  }

  /** Hands groups on until reading ends; also while there is no room it hears of the end. */
  async function submitAll(delivery: Delivery): Promise<void> {
    if (reading.signal.aborted) return;
    const iterator = source.read(reading.signal, logger)[Symbol.asyncIterator]();
    let next = iterator.next();
    for (;;) {
      const { done, value: groups } = await next;
      if (done === true) return;
      delivery.submit(groups);
      next = iterator.next();
      await Promise.race([delivery.room(), next.then(() => delivery.room())]);
    }
  }

  /**
   * One reading, from the checkpoint to its end. False where another relay took over: what
   * this one had not settled is the other's, and it stands by from then on.
   */
  async function carry(): Promise<boolean> {
    const delivery = createDelivery(settings, reading.signal, fail);
    const { watermark } = delivery;
    const checkpointer = startCheckpointer(
      source,
      watermark,
      settings.checkpointIntervalMs,
      logger,
    );
    const over = new AbortController();
    const bus = busWatch(settings, delivery, AbortSignal.any([reading.signal, over.signal]));
    try {
      if (state === 'starting') {
        await bus.begin();
        step('started');
      }
      bus.watch().catch(fail);
      await submitAll(delivery);
      if (failure !== undefined) throw failure;
      await drain(delivery, settings, () => failure !== undefined);
      if (failure !== undefined) throw failure;
      await release('confirm the last checkpoint', checkpointer.flush());
      return true;
    } catch (error) {
      if (!(error instanceof TakenOver) || failure !== undefined) throw failure ?? error;
      const { groupsInFlight } = watermark;
      logger.warn({ reason: error.message, groupsInFlight }, 'another relay takes over');
      return reading.signal.aborted;
    } finally {
      over.abort();
      delivery.abandon();
      checkpointer.stop();
      await release('confirm the last checkpoint', checkpointer.flush());
    }
  }

  async function run(): Promise<void> {
    try {
      await unlessStopped(source.verify());
      while (!(await carry()));
      step('drained');
    } catch (error) {
      step('failed');
      throw error;
    } finally {
      reading.abort();
      await release('release connections', Promise.all([source.close(), publisher.close()]));
    }
  }

  /** Waits for what ends a relay, but not for a server that does not answer. */
  async function release(what: string, work: Promise<unknown>): Promise<void> {
    const timer = new AbortController();
    const late = delay(RELEASE_MS / 2, 'late', { signal: timer.signal }).catch(() => undefined);
    const done = work.catch((error: unknown) => {
      logger.warn({ reason: reasonOf(error) }, `could not ${what}`);
    });
    const ended = await Promise.race([done, late]);
    timer.abort();
    if (ended === 'late') logger.warn({ forMs: RELEASE_MS / 2 }, `could not ${what} in time`);
  }

  return {
    get state(): RelayState {
      return state;
    },
    run,
    stop,
  };
}
