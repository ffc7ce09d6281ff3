import {
  type EventBridgePublisher,
  eventBridgePublisher,
  REQUEST_BYTES_256_KIB,
} from '@tidings/publisher';
import { leanPublisher } from '@tidings/publisher/lean';
import { answerQuestions } from '../support/worker-process.ts';
import { orderEvent } from './bench-order.ts';
import { publishRaw } from './raw-sdk.ts';

// Runs one contestant, again and again, in a process of its own: neither garbage nor
// compiled code of one contestant weighs on another.

export type Contestant =
  | 'raw'
  | 'raw without validation'
  | 'raw one by one'
  | 'sdkTransport'
  | 'sdkTransport one by one'
  | 'sdkTransport at 256 KiB'
  | 'leanTransport'
  | 'leanTransport one by one';

export interface RunOrder {
  readonly contestant: Contestant;
  readonly url: string;
  readonly count: number;
  readonly concurrency: number;
  /** Bytes of the events beyond 500: from the first to the second, evenly spread. */
  readonly noteBytes: readonly [number, number];
}

export interface RunReport {
  readonly accepted: number;
  readonly wallMs: number;
  readonly cpuMs: number;
}

const publishers = new Map<string, EventBridgePublisher>();

function publisherFor(transport: 'sdk' | 'lean', order: RunOrder): EventBridgePublisher {
  const { url, concurrency, contestant } = order;
  const name = `${contestant} ${url} ${concurrency}`;
  const options = {
    eventBusName: 'orders',
    region: 'eu-west-1',
    endpoint: url,
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    concurrency,
    ...(contestant === 'sdkTransport at 256 KiB' && { maxRequestBytes: REQUEST_BYTES_256_KIB }),
  };
  const made =
    publishers.get(name) ??
    (transport === 'sdk' ? eventBridgePublisher(options) : leanPublisher(options));
  publishers.set(name, made);
  return made;
}

function noteBytesOf(index: number, { count, noteBytes: [least, most] }: RunOrder): number {
  // A stride that is prime to the counts in use mixes large and small events.
  return least + Math.floor(((index * 7919) % count) * ((most - least) / count));
}

/** Events made and validated as they are needed, like orders that come in. */
async function publishAll(publisher: EventBridgePublisher, order: RunOrder): Promise<number> {
  function* events() {
    for (let index = 0; index < order.count; index += 1) {
      yield orderEvent(index, noteBytesOf(index, order));
    }
  }
  return (await publisher.publishStream(events())).accepted;
}

async function publishOneByOne(publisher: EventBridgePublisher, count: number): Promise<number> {
  const calls: Promise<unknown>[] = [];
  for (let index = 0; index < count; index += 1) calls.push(publisher.publish(orderEvent(index)));
  return (await Promise.all(calls)).length;
}

function run(order: RunOrder): Promise<number> {
  const { contestant, url, count, concurrency } = order;
  switch (contestant) {
    case 'raw':
    case 'raw without validation':
      return publishRaw({
        url,
        count,
        concurrency,
        entriesPerRequest: 10,
        validate: contestant === 'raw',
      });
    case 'raw one by one':
      return publishRaw({ url, count, concurrency, entriesPerRequest: 1, validate: true });
    case 'sdkTransport':
    case 'sdkTransport at 256 KiB':
      return publishAll(publisherFor('sdk', order), order);
    case 'sdkTransport one by one':
      return publishOneByOne(publisherFor('sdk', order), count);
    case 'leanTransport':
      return publishAll(publisherFor('lean', order), order);
    case 'leanTransport one by one':
      return publishOneByOne(publisherFor('lean', order), count);
  }
}

answerQuestions<RunOrder, RunReport>(async (order) => {
  globalThis.gc?.();
  const cpu = process.cpuUsage();
  const start = performance.now();
  const accepted = await run(order);
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { accepted, wallMs, cpuMs: (user + system) / 1000 };
});
