/** `publish-alone.ts ENDPOINT EVENTS`: sends so many events and prints how long it took. */
import { type Envelope, type SealedEvent, seal } from '@tidings/contract';
import { leanPublisher } from '@tidings/publisher/lean';

const [endpoint = '', count = '0'] = process.argv.slice(2);
const total = Number(count);
const publisher = leanPublisher({
  eventBusName: 'orders',
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});

function* events(): Generator<SealedEvent> {
  const note = 'x'.repeat(270);
  for (let n = 1; n <= total; n++) {
    const envelope: Envelope = {
      source: 'com.acme.orders',
      'detail-type': 'OrderPlaced',
      time: '2026-06-07T02:00:00Z',
      resources: [],
      detail: {
        metadata: {
          eventId: `e${n}`,
          version: '1.0',
          idempotencyKey: `k${n}`,
          occurredAt: '2026-06-07T02:00:00.123Z',
          orderingKey: `o${n % 1000}`,
          producer: { service: 'bench' },
        },
        data: { orderId: String(n), note },
      },
    };
    yield seal(envelope);
  }
}

await publisher.verify();
const startedAt = performance.now();
await publisher.publishStream(events());
const seconds = (performance.now() - startedAt) / 1000;
await publisher.close();
process.stdout.write(JSON.stringify({ seconds }));
