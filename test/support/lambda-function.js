// A function in an environment of Lambda's shape: it is invoked by messages, answers by
// messages, and is frozen in between. Started by lambda-environment.ts with the bus's URL and
// a transport.
import { eventBridgePublisher } from '@tidings/publisher';
import { publishingHandler } from '@tidings/publisher/lambda';
import { leanPublisher } from '@tidings/publisher/lean';

const [, , endpoint, transport] = process.argv;
// A restored environment finds that days have passed.
const systemNow = Date.now;
let jumpedMs = 0;
Date.now = () => systemNow() + jumpedMs;

const publisher = (transport === 'lean' ? leanPublisher : eventBridgePublisher)({
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

const handler = publishingHandler(publisher, async ({ add = [], hang = false }) => {
  for (const eventId of add) publisher.add(envelope(eventId));
  if (hang) await new Promise(() => {});
  return 'done';
});

process.on('message', async ({ event, killedAt, jumpMs = 0 }) => {
  jumpedMs += jumpMs;
  const context = { getRemainingTimeInMillis: () => killedAt - systemNow() };
  try {
    process.send({ result: await handler(event, context), timers: timersSet() });
  } catch (error) {
    const { name, message, outcomes } = error;
    process.send({ error: { name, message, outcomes }, timers: timersSet() });
  }
});

/** What would keep the process awake. */
function timersSet() {
  return process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate/.test(name));
}
process.send('ready');
