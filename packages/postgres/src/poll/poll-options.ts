import { optionBounds } from '@tidings/contract';
import { ConfigurationError } from '@tidings/relay';
import type pg from 'pg';
import { clientConfigOf, targetOf } from '../connection-config.ts';

/** How to read the outbox by asking for it. */
export interface PollSourceOptions {
  /**
   * A connection string, or what `pg.Client` takes. The role reads `tidings.outbox` and
   * writes `tidings.checkpoint`. It must keep its session: not through a pooler in
   * transaction mode.
   */
  readonly connection: string | pg.ClientConfig;
  /**
   * Names the poller's checkpoint: lower-case letters, digits, `_` and `-`, at most 40.
   * Pollers of one name divide the work, pollers of two names each read everything.
   */
  readonly name: string;
  /**
   * Into how many parts the ordering keys are hashed; each is read by one poller at a
   * time, so it is also how many pollers can work at once: the others stand by. The same
   * for all pollers of a name. 1 to 64. Default 1.
   */
  readonly shards?: number;
  /** Milliseconds until the next look after rows were found. Default 10. */
  readonly minIntervalMs?: number;
  /** Milliseconds between looks at an idle outbox, at most. Default 1,000. */
  readonly maxIntervalMs?: number;
  /**
   * A channel on which writers NOTIFY (see `tidings.notify_append`): a notification ends
   * the wait early, and a lost one costs no more than the wait. Default: none, because it
   * costs the writer more than the outbox row does.
   */
  readonly notifyChannel?: string;
  /**
   * Milliseconds that a transaction may stay open before a warning names it: what it
   * appends is published when it ends. Default 60,000.
   */
  readonly openTransactionWarningMs?: number;
}

/** `PollSourceOptions`, resolved. */
export interface PollSettings {
  readonly connection: pg.ClientConfig;
  /** The server as a person would name it, without credentials. */
  readonly target: string;
  readonly name: string;
  readonly shards: number;
  readonly minIntervalMs: number;
  readonly maxIntervalMs: number;
  readonly notifyChannel: string | undefined;
  readonly openTransactionWarningMs: number;
}

/** A query is short; one that takes so long is on a connection that is cut. */
const QUERY_TIMEOUT_MS = 30_000;

const NAMES: Record<keyof PollSourceOptions, true> = {
  connection: true,
  name: true,
  shards: true,
  minIntervalMs: true,
  maxIntervalMs: true,
  notifyChannel: true,
  openTransactionWarningMs: true,
};

const { known, milliseconds, whole } = optionBounds(ConfigurationError);

/** @throws ConfigurationError that names the field, the bound and the value. */
export function resolvePollOptions(options: PollSourceOptions): PollSettings {
  known('pollSource', options, NAMES);
  if (typeof options.name !== 'string' || !/^[a-z0-9_-]{1,40}$/.test(options.name)) {
    throw new ConfigurationError(
      'name must be 1 to 40 lower-case letters, digits, underscores and hyphens, got ' +
        `"${options.name}"`,
    );
  }
  const shards = whole('shards', options.shards ?? 1, 1, 64);
  const minIntervalMs = milliseconds('minIntervalMs', options.minIntervalMs ?? 10, 1);
  const base = clientConfigOf(options.connection);
  return Object.freeze({
    connection: {
      ...base,
      query_timeout: queryTimeoutOf(options.connection),
      application_name: `tidings poll ${options.name}`,
    },
    target: targetOf(base),
    name: options.name,
    shards,
    minIntervalMs,
    maxIntervalMs: milliseconds('maxIntervalMs', options.maxIntervalMs ?? 1_000, minIntervalMs),
    notifyChannel: channelOf(options.notifyChannel),
    openTransactionWarningMs: milliseconds(
      'openTransactionWarningMs',
      options.openTransactionWarningMs ?? 60_000,
      10,
    ),
  });
}

/** An object may say it, for a network on which silence means more; a string may not. */
function queryTimeoutOf(connection: string | pg.ClientConfig): number {
  const given = typeof connection === 'string' ? undefined : connection.query_timeout;
  return milliseconds('connection.query_timeout', given ?? QUERY_TIMEOUT_MS, 1);
}

function channelOf(channel: string | undefined): string | undefined {
  if (channel === undefined || (channel !== '' && Buffer.byteLength(channel) <= 63)) return channel;
  throw new ConfigurationError(`notifyChannel must have 1 to 63 bytes, got "${channel}"`);
}
