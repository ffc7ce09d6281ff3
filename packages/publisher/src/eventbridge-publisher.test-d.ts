import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { expectTypeOf } from 'vitest';
import { eventBridgePublisher } from './eventbridge-publisher.ts';
import type { EventBridgePublisher } from './publisher.ts';
import type { Transport } from './transport.ts';

declare const client: EventBridgeClient;
declare const transport: Transport;

expectTypeOf(
  eventBridgePublisher({ eventBusName: 'orders' }),
).toEqualTypeOf<EventBridgePublisher>();
eventBridgePublisher({ eventBusName: 'orders', region: 'eu-west-1', endpoint: 'http://bus' });
eventBridgePublisher({ eventBusName: 'orders', client });
eventBridgePublisher({ eventBusName: 'orders', transport });

// @ts-expect-error: a bus has a name
eventBridgePublisher({});
// @ts-expect-error: one or the other
eventBridgePublisher({ eventBusName: 'orders', client, transport });
// @ts-expect-error: there are two orderings
eventBridgePublisher({ eventBusName: 'orders', ordering: 'fifo' });
