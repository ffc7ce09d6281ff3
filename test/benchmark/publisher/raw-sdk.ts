import { randomUUID } from 'node:crypto';
import {
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import { orderData, orderOf } from './bench-order.ts';

/** What a careful team writes by hand, in the two forms that are compared. */
export interface RawOptions {
  readonly url: string;
  readonly count: number;
  readonly concurrency: number;
  readonly entriesPerRequest: number;
  /** Validate with the contract's schema, as the contract does. */
  readonly validate: boolean;
}

const clients = new Map<string, EventBridgeClient>();

function clientFor(url: string): EventBridgeClient {
  const client =
    clients.get(url) ??
    new EventBridgeClient({
      region: 'eu-west-1',
      endpoint: url,
      credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    });
  clients.set(url, client);
  return client;
}

/** An entry with the same envelope that Tidings writes. */
function entryOf(index: number, validate: boolean): PutEventsRequestEntry {
  const given = orderOf(index);
  const data = validate ? orderData.parse(given) : given;
  const now = new Date();
  const metadata = {
    eventId: randomUUID(),
    version: '1.0',
    idempotencyKey: `order-${data.orderId}-placed`,
    occurredAt: now.toISOString(),
  };
  return {
    Time: now,
    Source: 'com.acme.orders',
    DetailType: 'OrderPlaced',
    Resources: [],
    Detail: JSON.stringify({ metadata, data }),
    EventBusName: 'orders',
  };
}

/**
 * A loop over `client.send` with a number of requests in flight. It counts what failed
 * and, like most such loops, does not send it again. Returns how many were accepted.
 */
export async function publishRaw(options: RawOptions): Promise<number> {
  const { url, count, concurrency, entriesPerRequest, validate } = options;
  const client = clientFor(url);
  let next = 0;
  let accepted = 0;
  async function lane(): Promise<void> {
    while (next < count) {
      const first = next;
      next = Math.min(count, first + entriesPerRequest);
      const Entries: PutEventsRequestEntry[] = [];
      for (let index = first; index < next; index += 1) Entries.push(entryOf(index, validate));
      const answer = await client.send(new PutEventsCommand({ Entries }));
      accepted += Entries.length - (answer.FailedEntryCount ?? 0);
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane));
  return accepted;
}
