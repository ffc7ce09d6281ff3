import { type Backoff, type DeadLetters, optionBounds, type Publisher } from '@tidings/contract';
import type { ChangeSource } from './change-source.ts';
import { ConfigurationError } from './configuration-error.ts';
import { isLogger } from './guarded-logger.ts';
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
  /**
   * Makes sure that the bus exists, at the start and every `busCheckIntervalMs`: EventBridge
   * accepts and drops events for one that does not. Needs events:DescribeEventBus; without
   * the right the relay says so once and goes on. Default true.
   */
  readonly verifyBus?: boolean;
  /** Milliseconds between two looks at the bus. Default 300,000. */
  readonly busCheckIntervalMs?: number;
  /** Bytes of changes read but not settled; reading pauses above. Default 8 MiB. */
  readonly maxInFlightBytes?: number;
  /**
   * Milliseconds between checkpoints: how much a killed relay may publish a second
   * time. Default 100.
   */
  readonly checkpointIntervalMs?: number;
  /**
   * Milliseconds that draining may take; what is undecided then is read again at the
   * next start. Where the bus has taken nothing for 5,000, draining ends after 1,000. Default 25,000, which
   * leaves time to release connections within the 30 s that ECS and Kubernetes give.
   */
  readonly drainTimeoutMs?: number;
  /**
   * Back-off before events are published again that the publisher gave back, and before
   * dead letters are parked again. Default: base 200 ms, cap 10,000 ms.
   */
  readonly retryBackoff?: Partial<Backoff>;
}

/** `RelayOptions` with every field present. */
export interface RelaySettings<Change> {
  readonly source: ChangeSource<Change>;
  readonly publisher: Publisher;
  /** Undefined where poison halts the relay. */
  readonly deadLetters: DeadLetters | undefined;
  readonly onPoison: 'dead-letter' | 'halt';
  readonly logger: Logger;
  readonly verifyBus: boolean;
  readonly busCheckIntervalMs: number;
  readonly maxInFlightBytes: number;
  readonly checkpointIntervalMs: number;
  readonly drainTimeoutMs: number;
  readonly retryBackoff: Backoff;
}

const MIB = 1024 * 1024;

const NAMES: Record<keyof RelayOptions, true> = {
  source: true,
  publisher: true,
  deadLetters: true,
  onPoison: true,
  logger: true,
  verifyBus: true,
  busCheckIntervalMs: true,
  maxInFlightBytes: true,
  checkpointIntervalMs: true,
  drainTimeoutMs: true,
  retryBackoff: true,
};

const { backoff, flag, known, milliseconds, oneOf, within } = optionBounds(ConfigurationError);

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
  known('a relay', options, NAMES);
  const onPoison = options.onPoison ?? (options.deadLetters === undefined ? 'halt' : 'dead-letter');
  oneOf('onPoison', onPoison, ['dead-letter', 'halt']);
  if (onPoison === 'dead-letter' && typeof options.deadLetters?.park !== 'function') {
    throw new ConfigurationError(
      "onPoison 'dead-letter' needs deadLetters, such as postgresDeadLetters({ ... })",
    );
  }
  if (options.logger !== undefined && !isLogger(options.logger)) {
    throw new ConfigurationError('logger must have debug, info, warn and error, such as pino()');
  }
  const settings: RelaySettings<Change> = {
    source: options.source,
    publisher: options.publisher,
    deadLetters: onPoison === 'halt' ? undefined : options.deadLetters,
    onPoison,
    logger: options.logger ?? silentLogger,
    verifyBus: flag('verifyBus', options.verifyBus ?? true),
    busCheckIntervalMs: milliseconds(
      'busCheckIntervalMs',
      options.busCheckIntervalMs ?? 300_000,
      1_000,
    ),
    maxInFlightBytes: within(
      'maxInFlightBytes',
      options.maxInFlightBytes ?? 8 * MIB,
      MIB,
      Number.MAX_SAFE_INTEGER,
    ),
    checkpointIntervalMs: milliseconds(
      'checkpointIntervalMs',
      options.checkpointIntervalMs ?? 100,
      1,
    ),
    drainTimeoutMs: milliseconds('drainTimeoutMs', options.drainTimeoutMs ?? 25_000, 0),
    retryBackoff: backoff('retryBackoff', options.retryBackoff, { baseMs: 200, capMs: 10_000 }),
  };
  return Object.freeze(settings);
}
