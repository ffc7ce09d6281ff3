import { ConfigurationError } from '@tidings/relay';
import type pg from 'pg';
import { clientConfigOf, targetOf } from '../connection-config.ts';

/** How to read an outbox from the write-ahead log. */
export interface WalSourceOptions {
  /** A connection string, or what `pg.Client` takes; the role needs REPLICATION. */
  readonly connection: string | pg.ClientConfig;
  /** Name of the replication slot: lower case letters, digits and `_`, at most 63. */
  readonly slot: string;
  /** Name of the publication. Default `tidings`. */
  readonly publication?: string;
  /**
   * Milliseconds after which a slot moves on although its outbox is idle, so that the
   * server need not keep what other tables and databases write. Default 10,000.
   */
  readonly idleIntervalMs?: number;
}

/** `WalSourceOptions`, resolved. */
export interface WalSettings {
  readonly connection: pg.ClientConfig;
  readonly replicationConnection: pg.ClientConfig;
  /** The server as a person would name it, without credentials. */
  readonly target: string;
  readonly slot: string;
  readonly publication: string;
  readonly idleIntervalMs: number;
}

/** @throws ConfigurationError that names the field and what it must be. */
export function resolveWalOptions(options: WalSourceOptions): WalSettings {
  if (typeof options.slot !== 'string' || !/^[a-z0-9_]{1,63}$/.test(options.slot)) {
    throw new ConfigurationError(
      `slot must be 1 to 63 lower-case letters, digits and underscores, got "${options.slot}"`,
    );
  }
  const idleIntervalMs = options.idleIntervalMs ?? 10_000;
  if (!Number.isFinite(idleIntervalMs) || idleIntervalMs < 100) {
    throw new ConfigurationError(`idleIntervalMs must be 100 or more, got ${idleIntervalMs}`);
  }
  const base = clientConfigOf(options.connection);
  // Text output depends on the session: pin what the row reader expects.
  const pinned = '-c datestyle=ISO -c timezone=UTC -c client_encoding=UTF8';
  return Object.freeze({
    connection: { ...base, application_name: `tidings ${options.slot}` },
    replicationConnection: {
      ...base,
      application_name: `tidings ${options.slot} stream`,
      options: base.options === undefined ? pinned : `${base.options} ${pinned}`,
    },
    target: targetOf(base),
    slot: options.slot,
    publication: options.publication ?? 'tidings',
    idleIntervalMs,
  });
}
