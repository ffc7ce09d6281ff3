import type { Backoff, DeadLetters, Publisher } from '@tidings/contract';
import type { ChangeSource } from './change-source.ts';
import { ConfigurationError } from './configuration-error.ts';
import { type Logger, silentLogger } from './logger.ts';

/** What a relay is made of. */
export interface RelayOptions<Change = unknown> {
  readonly source: ChangeSource<Change>;
  readonly publisher: Publisher;
  /** Keeps events that can never be delivered. */
  readonly deadLetters?: DeadLetters | undefined;
  /**
   * What to do with an event that can never be delivered. `dead-letter` parks it and the
   * stream goes on; `halt` stops the relay, which reads it again at the next start.
   * Default: `dead-letter` where `deadLetters` is set, else `halt`.
   */
  readonly onPoison?: 'dead-letter' | 'halt';
  /** Default: reports nothing. */
  readonly logger?: Logger;
  /** Bytes of changes read but not settled; reading pauses above. Default 8 MiB. */
  readonly maxInFlightBytes?: number;
  /**
   * Milliseconds between checkpoints: how much a killed relay may publish a second
   * time. Default 100.
   */
  readonly checkpointIntervalMs?: number;
  /**
   * Milliseconds that draining may take; what is undecided then is read again at the
   * next start. Default 25,000, inside the 30 s that ECS and Kubernetes give.
   */
  readonly drainTimeoutMs?: number;
  /**
   * Back-off before events are published again that the publisher gave back, and before
   * dead letters are parked again. Default: base 200 ms, cap 10,000 ms.
   */
  readonly retryBackoff?: Backoff;
}

/** `RelayOptions` with every field present. */
export interface RelaySettings<Change> {
  readonly source: ChangeSource<Change>;
  readonly publisher: Publisher;
  /** Undefined where poison halts the relay. */
  readonly deadLetters: DeadLetters | undefined;
  readonly onPoison: 'dead-letter' | 'halt';
  readonly logger: Logger;
  readonly maxInFlightBytes: number;
  readonly checkpointIntervalMs: number;
  readonly drainTimeoutMs: number;
  readonly retryBackoff: Backoff;
}

/**
 * Checks a relay's options; a relay configuration file exports its result.
 * @throws ConfigurationError that names the field, the bound and the value.
 */
export function defineRelay<Change>(options: RelayOptions<Change>): RelaySettings<Change> {
  if (typeof options?.source?.read !== 'function') {
    throw new ConfigurationError('source must be a change source such as walSource({ ... })');
  }
  if (typeof options.publisher?.publishSettled !== 'function') {
    throw new ConfigurationError('publisher must be one such as eventBridgePublisher({ ... })');
  }
  const onPoison = options.onPoison ?? (options.deadLetters === undefined ? 'halt' : 'dead-letter');
  if (onPoison !== 'dead-letter' && onPoison !== 'halt') {
    throw new ConfigurationError(`onPoison must be 'dead-letter' or 'halt', got '${onPoison}'`);
  }
  if (onPoison === 'dead-letter' && typeof options.deadLetters?.park !== 'function') {
    throw new ConfigurationError(
      "onPoison 'dead-letter' needs deadLetters, such as postgresDeadLetters({ ... })",
    );
  }
  const settings: RelaySettings<Change> = {
    source: options.source,
    publisher: options.publisher,
    deadLetters: onPoison === 'halt' ? undefined : options.deadLetters,
    onPoison,
    logger: options.logger ?? silentLogger,
    maxInFlightBytes: options.maxInFlightBytes ?? 8 * 1024 * 1024,
    checkpointIntervalMs: options.checkpointIntervalMs ?? 100,
    drainTimeoutMs: options.drainTimeoutMs ?? 25_000,
    retryBackoff: Object.freeze({ baseMs: 200, capMs: 10_000, ...options.retryBackoff }),
  };
  atLeast('maxInFlightBytes', 1024 * 1024, settings.maxInFlightBytes);
  atLeast('checkpointIntervalMs', 1, settings.checkpointIntervalMs);
  atLeast('drainTimeoutMs', 0, settings.drainTimeoutMs);
  atLeast('retryBackoff.baseMs', 1, settings.retryBackoff.baseMs);
  atLeast('retryBackoff.capMs', settings.retryBackoff.baseMs, settings.retryBackoff.capMs);
  return Object.freeze(settings);
}

function atLeast(field: string, bound: number, value: number): void {
  if (!Number.isFinite(value) || value < bound) {
    throw new ConfigurationError(`${field} must be a number of at least ${bound}, got ${value}`);
  }
}
