// A Lambda-shaped program: a handler that is called twice in one process, and nothing
// after it. Started by publisher-lambda.test.ts with the bus's URL and a transport.
import { eventBridgePublisher } from '@tidings/publisher';
import { leanPublisher } from '@tidings/publisher/lean';

const [, , endpoint, transport] = process.argv;
const make = transport === 'lean' ? leanPublisher : eventBridgePublisher;
const publisher = make({
  eventBusName: 'orders',
  endpoint,
  throttledBackoff: { baseMs: 1, capMs: 5 },
});

function envelope(eventId) {
  const occurredAt = '2026-06-07T02:00:00.123Z';
  return {
    source: 'com.acme.orders',
    'detail-type': 'OrderPlaced',
    time: '2026-06-07T02:00:00Z',
    resources: [],
    detail: {
      metadata: { eventId, version: '1.0', idempotencyKey: `key-${eventId}`, occurredAt },
      data: { orderId: '7' },
    },
  };
}

async function handler(invocation) {
  publisher.add(envelope(`${invocation}-a`));
  await publisher.publish([envelope(`${invocation}-b`), envelope(`${invocation}-c`)]);
  await publisher.flush();
}

await handler(1);
await handler(2);
const kept = process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate/.test(name));
process.stdout.write(JSON.stringify(kept));
