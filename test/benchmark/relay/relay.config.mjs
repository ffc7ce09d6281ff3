import { walSource } from '@tidings/postgres';
import { leanPublisher } from '@tidings/publisher/lean';
import { defineRelay } from '@tidings/relay';

/** The relay as a user would run it for throughput: defaults, and the lean transport. */
export default defineRelay({
  source: walSource({
    connection: process.env.DATABASE_URL ?? '',
    slot: process.env.RELAY_SLOT ?? '',
  }),
  publisher: leanPublisher({ eventBusName: 'orders' }),
});
