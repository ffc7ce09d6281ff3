import { setTimeout as delay } from 'node:timers/promises';
import { busWatch } from './bus-watch.ts';
import { startCheckpointer } from './checkpointer.ts';
import { createDelivery } from './delivery.ts';
import { drain } from './drain.ts';
import { reasonOf } from './failure-reason.ts';
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
export function createRelay<Change>(settings: RelaySettings<Change>): Relay {
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

  async function run(): Promise<void> {
    const delivery = createDelivery(settings, reading.signal, fail);
    const { watermark } = delivery;
    const checkpointer = startCheckpointer(
      source,
      watermark,
      settings.checkpointIntervalMs,
      logger,
    );
    const bus = busWatch(settings, delivery, reading.signal);
    try {
      await unlessStopped(source.verify());
      await bus.begin();
      step('started');
      bus.watch().catch(fail);
      if (!reading.signal.aborted) {
        for await (const groups of source.read(reading.signal, logger)) {
          delivery.submit(groups);
          await delivery.room();
        }
      }
      if (failure !== undefined) throw failure;
      await drain(delivery, settings, () => failure !== undefined);
      if (failure !== undefined) throw failure;
      await release('confirm the last checkpoint', checkpointer.flush());
      step('drained');
    } catch (error) {
      step('failed');
      throw error;
    } finally {
      reading.abort();
      delivery.abandon();
      checkpointer.stop();
      await release('release connections', closeAll());
    }

    async function closeAll(): Promise<void> {
      await checkpointer.flush();
      await Promise.all([source.close(), publisher.close()]);
    }
  }

  /** Waits for what ends a relay, but not for a server that does not answer. */
  async function release(what: string, work: Promise<void>): Promise<void> {
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
