import { walSource } from '@tidings/postgres';
import { leanPublisher } from '@tidings/publisher/lean';
import { defineRelay } from '@tidings/relay';

export default defineRelay({
  source: walSource({
    connection: process.env.DATABASE_URL ?? '',
    slot: process.env.RELAY_SLOT ?? 'orders',
  }),
  // Reads AWS_REGION, the credentials and, for a local bus, AWS_ENDPOINT_URL_EVENTBRIDGE from
  // the environment, and needs a third of the SDK's processor time.
  publisher: leanPublisher({
    eventBusName: process.env.EVENT_BUS_NAME ?? 'default',
    producer: { service: 'orders' },
  }),
});
