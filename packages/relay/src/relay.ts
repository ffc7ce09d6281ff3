import { setTimeout as delay } from 'node:timers/promises';
import { startCheckpointer } from './checkpointer.ts';
import { ConfigurationError } from './configuration-error.ts';
import { createDelivery, type Delivery } from './delivery.ts';
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

  async function drain(delivery: Delivery): Promise<void> {
    const deadline = new AbortController();
    const timeout = delay(settings.drainTimeoutMs, 'timeout', { signal: deadline.signal });
    const result = await Promise.race([delivery.empty(), timeout.catch(() => undefined)]);
    deadline.abort();
    if (result === 'timeout') {
      logger.warn(
        { groups: delivery.watermark.groupsInFlight, drainTimeoutMs: settings.drainTimeoutMs },
        'draining took too long; what is undecided is read again at the next start',
      );
    }
  }

  async function run(): Promise<void> {
    const delivery = createDelivery(settings, reading.signal, fail);
    const checkpointer = startCheckpointer(
      source,
      delivery.watermark,
      settings.checkpointIntervalMs,
      logger,
    );
    try {
      await source.verify();
      await publisher.verify().catch((error: unknown) => {
        throw new ConfigurationError(reasonOf(error));
      });
      step('started');
      for await (const groups of source.read(reading.signal, logger)) {
        delivery.submit(groups);
        await delivery.room();
      }
      if (failure !== undefined) throw failure;
      await drain(delivery);
      if (failure !== undefined) throw failure;
      await checkpointer.flush();
      step('drained');
    } catch (error) {
      step('failed');
      throw error;
    } finally {
      delivery.abandon();
      checkpointer.stop();
      await checkpointer.flush();
      await source.close();
      await publisher.close();
    }
  }

  return {
    get state(): RelayState {
      return state;
    },
    run,
    stop,
  };
}
