import { optionBounds } from '@tidings/contract';
import { ConfigurationError } from '@tidings/relay';
import type pg from 'pg';
import { clientConfigOf, targetOf } from '../connection-config.ts';
import type { WarningThresholds } from './slot-warnings.ts';

/** How to read changes from the write-ahead log. */
export interface WalSourceOptions {
  /** A connection string, or what `pg.Client` takes; the role needs REPLICATION. */
  readonly connection: string | pg.ClientConfig;
  /** Name of the replication slot: lower case letters, digits and `_`, at most 63. */
  readonly slot: string;
  /** Name of the publication. Default `tidings`. */
  readonly publication?: string;
  /**
   * What to do when the slot can no longer be trusted to hold every event. `heal`
   * (default) makes a new one and publishes again what no bookmark covers; `halt` opens
   * the incident and stops. Where the table cannot be read again, `heal` halts too.
   */
  readonly onSlotLoss?: 'heal' | 'halt';
  /**
   * Milliseconds between heartbeats through the log: how much a healed slot publishes a
   * second time, and how soon a change of the publication is noticed. Default 5,000.
   */
  readonly heartbeatIntervalMs?: number;
  /** Milliseconds that a heartbeat may take to come back. Default 30,000. */
  readonly heartbeatTimeoutMs?: number;
  /**
   * Milliseconds without a settled event after which the stream is closed (the slot
   * stays) because a stream that acknowledges nothing holds up the server's shutdown.
   * Default 30,000.
   */
  readonly stallTimeoutMs?: number;
  /**
   * When to warn. Defaults: 1 GiB, 100,000 events or 60 s behind, 1 GiB of WAL before the
   * slot is lost.
   */
  readonly warnings?: Partial<WarningThresholds>;
}

/** `WalSourceOptions`, resolved. */
export interface WalSettings {
  readonly connection: pg.ClientConfig;
  /** For streaming and for reading rows again: a name of their own in `pg_stat_activity`. */
  readonly textConnection: pg.ClientConfig;
  /** The server as a person would name it, without credentials. */
  readonly target: string;
  readonly slot: string;
  readonly publication: string;
  readonly onSlotLoss: 'heal' | 'halt';
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly warnings: WarningThresholds;
  /** Prefix of the logical messages that are this slot's heartbeats. */
  readonly heartbeatPrefix: string;
}

const GIB = 1024 ** 3;

/**
 * How long the server waits for a stream that has gone silent before it frees the slot
 * for another relay. Status goes out three times as often.
 */
export const WAL_SENDER_TIMEOUT_MS = 10_000;

const NAMES: Record<keyof WalSourceOptions, true> = {
  connection: true,
  slot: true,
  publication: true,
  onSlotLoss: true,
  heartbeatIntervalMs: true,
  heartbeatTimeoutMs: true,
  stallTimeoutMs: true,
  warnings: true,
};

const { known, milliseconds, oneOf } = optionBounds(ConfigurationError);

/** @throws ConfigurationError that names the field and what it must be. */
export function resolveWalOptions(options: WalSourceOptions): WalSettings {
  known('walSource', options, NAMES);
  if (typeof options.slot !== 'string' || !/^[a-z0-9_]{1,63}$/.test(options.slot)) {
    throw new ConfigurationError(
      `slot must be 1 to 63 lower-case letters, digits and underscores, got "${options.slot}"`,
    );
  }
  const onSlotLoss = oneOf('onSlotLoss', options.onSlotLoss ?? 'heal', ['heal', 'halt']);
  const base = clientConfigOf(options.connection);
  return Object.freeze({
    connection: { ...base, application_name: `tidings ${options.slot}` },
    textConnection: { ...base, application_name: `tidings ${options.slot} stream` },
    target: targetOf(base),
    slot: options.slot,
    publication: options.publication ?? 'tidings',
    onSlotLoss,
    heartbeatIntervalMs: milliseconds(
      'heartbeatIntervalMs',
      options.heartbeatIntervalMs ?? 5_000,
      10,
    ),
    heartbeatTimeoutMs: milliseconds(
      'heartbeatTimeoutMs',
      options.heartbeatTimeoutMs ?? 30_000,
      10,
    ),
    stallTimeoutMs: milliseconds('stallTimeoutMs', options.stallTimeoutMs ?? 30_000, 10),
    warnings: Object.freeze({
      lagBytes: options.warnings?.lagBytes ?? GIB,
      lagEvents: options.warnings?.lagEvents ?? 100_000,
      safeWalBytes: options.warnings?.safeWalBytes ?? GIB,
      lagSeconds: options.warnings?.lagSeconds ?? 60,
    }),
    heartbeatPrefix: `tidings.heartbeat.${options.slot}`,
  });
}
