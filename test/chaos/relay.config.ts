import { postgresDeadLetters } from '@tidings/postgres';
import { eventBridgePublisher } from '@tidings/publisher';
import { leanTransport } from '@tidings/publisher/lean';
import { defineRelay } from '@tidings/relay';
import { type CaptureMode, type CaptureModeName, captureModes } from './capture-modes.ts';

/** A relay that notices within a second or two what others notice within a minute. */
const connection = {
  connectionString: process.env.DATABASE_URL ?? '',
  connectionTimeoutMillis: 2_000,
};

const mode: CaptureMode = captureModes[(process.env.CHAOS_SOURCE ?? 'wal') as CaptureModeName];

export default defineRelay({
  source: mode.source(connection, process.env.RELAY_SLOT ?? ''),
  publisher: eventBridgePublisher({
    eventBusName: 'orders',
    transport: leanTransport(),
    ordering: 'key',
    requestTimeoutMs: 400,
    // A code that nobody knows passes in time: by default it would be parked after five.
    maxUncertainFailures: 1_000,
    backoff: { baseMs: 5, capMs: 50 },
    throttledBackoff: { baseMs: 5, capMs: 100 },
  }),
  deadLetters: postgresDeadLetters({ connection }),
  checkpointIntervalMs: 20,
  drainTimeoutMs: 10_000,
});
