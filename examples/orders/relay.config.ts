import { walSource } from '@tidings/postgres';
import { eventBridgePublisher } from '@tidings/publisher';
import { defineRelay } from '@tidings/relay';

export default defineRelay({
  source: walSource({
    connection: process.env.DATABASE_URL ?? '',
    slot: process.env.RELAY_SLOT ?? 'orders',
  }),
  // The SDK reads AWS_REGION, the credentials and, for a local bus,
  // AWS_ENDPOINT_URL_EVENTBRIDGE from the environment.
  publisher: eventBridgePublisher({
    eventBusName: process.env.EVENT_BUS_NAME ?? 'default',
    producer: { service: 'orders' },
  }),
});
