import { EventEmitter, once } from 'node:events';
import type { Publisher } from '@tidings/contract';
import { type LocalBus, startLocalBus } from '@tidings/local';
import { type WalSourceOptions, walSource } from '@tidings/postgres';
import { eventBridgePublisher } from '@tidings/publisher';
import {
  type ChangeSource,
  createRelay,
  defineRelay,
  type Logger,
  type Relay,
  type RelayOptions,
} from '@tidings/relay';
import type { OrdersDatabase } from './orders-database.ts';

/** One line of a relay's log. */
export interface LogLine {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A relay in this process, between a database and a bus. */
export interface RunningRelay {
  readonly relay: Relay;
  readonly log: readonly LogLine[];
  /** Resolves with the first line, past or future, whose message holds `text`. */
  logged(text: string): Promise<LogLine>;
  /** Settles as `relay.run()` does. */
  readonly ended: Promise<void>;
  /** Drains; resolves when the relay has stopped. */
  stop(): Promise<void>;
}

/** Starts a relay whose publisher waits little between its attempts. */
export function runRelay(
  database: OrdersDatabase,
  bus: Pick<LocalBus, 'url'>,
  options: Partial<WalSourceOptions> = {},
): RunningRelay {
  return runRelayFrom(
    walSource({
      connection: database.url,
      slot: database.slot,
      heartbeatIntervalMs: 100,
      ...options,
    }),
    bus,
  );
}

/** `runRelay` for any source. */
export function runRelayFrom<Change>(
  source: ChangeSource<Change>,
  bus: Pick<LocalBus, 'url'>,
  {
    ordering = 'none',
    around = (publisher) => publisher,
    ...options
  }: Partial<Omit<RelayOptions<Change>, 'source' | 'publisher' | 'logger'>> & {
    readonly ordering?: 'none' | 'key';
    /** A publisher around the relay's own. */
    readonly around?: (publisher: Publisher) => Publisher;
  } = {},
): RunningRelay {
  const log: LogLine[] = [];
  const lines = new EventEmitter();
  lines.setMaxListeners(0);
  const write =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      log.push({ level, message, fields: fields as Record<string, unknown> });
      lines.emit('line');
    };
  const relay = createRelay(
    defineRelay({
      source,
      checkpointIntervalMs: 10,
      drainTimeoutMs: 10_000,
      ...options,
      publisher: around(
        eventBridgePublisher({
          eventBusName: 'orders',
          endpoint: bus.url,
          region: 'us-east-1',
          credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
          requestTimeoutMs: 500,
          backoff: { baseMs: 5, capMs: 50 },
          throttledBackoff: { baseMs: 5, capMs: 50 },
          ordering,
        }),
      ),
      logger: {
        debug: write('debug'),
        info: write('info'),
        warn: write('warn'),
        error: write('error'),
      },
    }),
  );
  const ended = relay.run();
  let over = false;
  ended
    .catch(() => {})
    .finally(() => {
      over = true;
      lines.emit('line');
    });
  return {
    relay,
    log,
    ended,
    async logged(text): Promise<LogLine> {
      for (;;) {
        const found = log.find(({ message }) => message.includes(text));
        if (found !== undefined) return found;
        if (over) throw new Error(`the relay ended before it logged "${text}"`);
        await once(lines, 'line');
      }
    },
    async stop(): Promise<void> {
      relay.stop();
      await ended;
    },
  };
}

/** A bus with the name that relays publish to. */
export function startOrdersBus(): Promise<LocalBus> {
  return startLocalBus({ buses: ['orders'] });
}
