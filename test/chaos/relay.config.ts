import { walSource } from '@tidings/postgres';
import { eventBridgePublisher } from '@tidings/publisher';
import { leanTransport } from '@tidings/publisher/lean';
import { type DeadLetter, defineRelay } from '@tidings/relay';
import pg from 'pg';

/** A relay that notices within a second or two what others notice within a minute. */
const connection = process.env.DATABASE_URL ?? '';

/** Parks letters where the product keeps them. */
async function park(letters: readonly DeadLetter[]): Promise<void> {
  const client = new pg.Client({ connectionString: connection, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    for (const { event, code, reason, source } of letters) {
      const key = event !== undefined && 'eventId' in event ? event.eventId : reason;
      await client.query(
        `insert into tidings.dead_letter (relay, letter_key, event, code, reason)
         values ($1, $2, $3, $4, $5) on conflict do nothing`,
        [source, key, JSON.stringify(event), code, reason],
      );
    }
  } finally {
    await client.end().catch(() => {});
  }
}

export default defineRelay({
  source: walSource({
    connection: { connectionString: connection, connectionTimeoutMillis: 2_000 },
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
    backoff: { baseMs: 5, capMs: 50 },
    throttledBackoff: { baseMs: 5, capMs: 100 },
  }),
  deadLetters: { park },
  checkpointIntervalMs: 20,
  drainTimeoutMs: 10_000,
});
