import { optionBounds, type Publisher } from '@tidings/contract';
import { ConfigurationError, consoleLogger, type Logger } from '@tidings/relay';
import type pg from 'pg';
import { clientConfigOf, targetOf } from '../connection-config.ts';

/** Which events of the outbox to publish again. */
export type ReplaySelection =
  /** Appended from one moment on and before another, by the server's clock. */
  | { readonly from: Date; readonly to: Date }
  | { readonly orderingKey: string }
  /** At most 10,000; those that the outbox no longer holds are reported as missing. */
  | { readonly eventIds: readonly string[] };

/** What to publish again, and how. */
export interface ReplayOptions {
  /** A connection string, or what `pg.Client` takes; the role reads `tidings.outbox`. */
  readonly connection: string | pg.ClientConfig;
  /** Where events go. It stays open. */
  readonly publisher: Publisher;
  /** Written to `metadata.replay.name` of each event. 1 to 128 characters. */
  readonly name: string;
  readonly events: ReplaySelection;
  /** Ends the replay after what is in flight. */
  readonly signal?: AbortSignal;
  /** Called for each event that the bus did not take, as soon as that is known. */
  readonly onRefused?: (refusal: ReplayRefusal) => void;
  /** Hears of connections that were lost on the way. Default `consoleLogger`. */
  readonly logger?: Logger;
}

/** An event that the bus did not take. */
export interface ReplayRefusal {
  readonly eventId: string;
  readonly code: string;
  readonly reason: string;
}

/** What became of a replay. */
export interface ReplayReport {
  readonly name: string;
  /** Events that the bus accepted. */
  readonly accepted: number;
  /** Events that it did not; `onRefused` hears of each. */
  readonly refusedCount: number;
  /** The first 1,000 of them. */
  readonly refused: readonly ReplayRefusal[];
  /** Of `eventIds`: those that the outbox does not hold. */
  readonly missing: readonly string[];
}

/** `ReplayOptions`, resolved. */
export interface ReplaySettings {
  readonly connection: pg.ClientConfig;
  /** The server as a person would name it, without credentials. */
  readonly target: string;
  readonly publisher: Publisher;
  readonly name: string;
  /** Condition on a row of the outbox, whose values are `$1` and, where it has two, `$2`. */
  readonly condition: string;
  readonly values: readonly unknown[];
  readonly eventIds: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly onRefused: (refusal: ReplayRefusal) => void;
  readonly logger: Logger;
}

const NAMES: Record<keyof ReplayOptions, true> = {
  connection: true,
  publisher: true,
  name: true,
  events: true,
  signal: true,
  onRefused: true,
  logger: true,
};

const { known } = optionBounds(ConfigurationError);

/** @throws ConfigurationError that names the field, the bound and the value. */
export function resolveReplayOptions(options: ReplayOptions): ReplaySettings {
  known('replayOutbox', options, NAMES);
  if (typeof options.publisher?.publishSettled !== 'function') {
    throw new ConfigurationError('publisher must be one such as eventBridgePublisher({ ... })');
  }
  const { name } = options;
  if (typeof name !== 'string' || name.length < 1 || name.length > 128) {
    throw new ConfigurationError(`name must have 1 to 128 characters, got "${name}"`);
  }
  const connection = clientConfigOf(options.connection);
  return Object.freeze({
    connection: { ...connection, application_name: `tidings replay ${name}`.slice(0, 63) },
    target: targetOf(connection),
    publisher: options.publisher,
    name,
    ...conditionOf(options.events),
    signal: options.signal,
    onRefused: options.onRefused ?? (() => {}),
    logger: options.logger ?? consoleLogger,
  });
}

function conditionOf(
  events: ReplaySelection,
): Pick<ReplaySettings, 'condition' | 'values' | 'eventIds'> {
  if ('eventIds' in events) {
    const eventIds = [...new Set(events.eventIds)];
    if (eventIds.length < 1 || eventIds.length > 10_000) {
      throw new ConfigurationError(
        `events.eventIds must hold 1 to 10000 ids, got ${eventIds.length}`,
      );
    }
    return { condition: 'event_id = any($1::text[])', values: [eventIds], eventIds };
  }
  if ('orderingKey' in events) {
    if (typeof events.orderingKey !== 'string' || events.orderingKey === '') {
      throw new ConfigurationError('events.orderingKey must be a string that is not empty');
    }
    return { condition: 'ordering_key = $1', values: [events.orderingKey], eventIds: [] };
  }
  const from = instant('events.from', events.from);
  const to = instant('events.to', events.to);
  if (from >= to) {
    throw new ConfigurationError(`events.to must be later than events.from (${from}), got ${to}`);
  }
  return {
    condition: 'appended_at >= $1::timestamptz and appended_at < $2::timestamptz',
    values: [from, to],
    eventIds: [],
  };
}

function instant(field: string, value: Date): string {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  throw new ConfigurationError(`${field} must be a Date that is valid, got ${String(value)}`);
}
