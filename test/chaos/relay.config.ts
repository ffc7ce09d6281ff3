import { postgresDeadLetters, walSource } from '@tidings/postgres';
import { eventBridgePublisher } from '@tidings/publisher';
import { leanTransport } from '@tidings/publisher/lean';
import { defineRelay } from '@tidings/relay';

/** A relay that notices within a second or two what others notice within a minute. */
const connection = {
  connectionString: process.env.DATABASE_URL ?? '',
  connectionTimeoutMillis: 2_000,
};

export default defineRelay({
  source: walSource({
    connection,
    slot: process.env.RELAY_SLOT ?? '',
    heartbeatIntervalMs: 100,
    heartbeatTimeoutMs: 1_500,
    stallTimeoutMs: 1_000,
  }),
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
