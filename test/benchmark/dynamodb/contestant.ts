import { type StreamEvent, type StreamRecord, streamHandler } from '@tidings/dynamodb';
import { type EventBridgePublisher, eventBridgePublisher } from '@tidings/publisher';
import { leanPublisher } from '@tidings/publisher/lean';
import { fromDynamodb } from 'aws-lambda-stream/from/dynamodb';
import { publishToEventBridge } from 'aws-lambda-stream/sinks/eventbridge';
import { answerQuestions } from '../support/worker-process.ts';
import { batchOf, capture, eventOf, type Item, itemSchema } from './item-records.ts';

// Runs one contestant, again and again, in a process of its own.

export type StreamContestant =
  | 'publisher alone, sdk'
  | 'streamHandler, sdk'
  | 'publisher alone, lean'
  | 'streamHandler, lean'
  | 'aws-lambda-stream';

export interface StreamOrder {
  readonly contestant: StreamContestant;
  readonly url: string;
  /** Records of the batch. */
  readonly count: number;
}

export interface StreamReport {
  readonly accepted: number;
  readonly wallMs: number;
  readonly cpuMs: number;
}

const CONCURRENCY = 16;
const publishers = new Map<string, EventBridgePublisher>();

function publisherFor(kind: 'sdk' | 'lean', url: string): EventBridgePublisher {
  const options = {
    eventBusName: 'orders',
    region: 'eu-west-1',
    endpoint: url,
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    concurrency: CONCURRENCY,
  };
  const key = `${kind} ${url}`;
  const made =
    publishers.get(key) ??
    (kind === 'sdk' ? eventBridgePublisher(options) : leanPublisher(options));
  publishers.set(key, made);
  return made;
}

/** Makes the events of the same data and publishes them in one call. */
async function publishAlone(publisher: EventBridgePublisher, count: number): Promise<number> {
  const events = Array.from({ length: count }, (_, index) => eventOf(index));
  return (await publisher.publish(events)).length;
}

async function handle(publisher: EventBridgePublisher, event: StreamEvent): Promise<number> {
  const { batchItemFailures } = await streamHandler({ capture, publisher })(event);
  return batchItemFailures.length === 0 ? event.Records.length : 0;
}

/** What its pipelines hand from step to step. */
interface UnitOfWork {
  readonly record: StreamRecord;
  readonly event: { readonly id: string; readonly raw: { readonly new: Item } };
}

/** The same mapping and the same envelope, validated by the same schema. */
function mapped(uow: UnitOfWork): object {
  const data = itemSchema.parse(uow.event.raw.new);
  const seconds = uow.record.dynamodb?.ApproximateCreationDateTime as number;
  const metadata = {
    eventId: uow.event.id,
    version: '1.0',
    idempotencyKey: `order-${data.orderId}-placed`,
    occurredAt: new Date(seconds * 1000).toISOString(),
  };
  return { ...uow, event: { type: 'OrderPlaced', metadata, data } };
}

function runPeer(event: StreamEvent): Promise<number> {
  const sink = publishToEventBridge({
    busName: 'orders',
    source: 'com.acme.orders',
    parallel: CONCURRENCY,
    // What EventBridge takes by now, and what the publisher is set to.
    maxPublishRequestSize: 1024 * 1024,
  });
  let accepted = 0;
  return new Promise((resolve, reject) => {
    fromDynamodb(event)
      .map(mapped)
      .through(sink)
      .tap(() => {
        accepted += 1;
      })
      .errors((error: Error) => reject(error))
      .done(() => resolve(accepted));
  });
}

answerQuestions<StreamOrder, StreamReport>(async ({ contestant, url, count }) => {
  process.env.AWS_ENDPOINT_URL_EVENTBRIDGE = url;
  process.env.AWS_REGION = 'eu-west-1';
  process.env.AWS_ACCESS_KEY_ID = 'AKID';
  process.env.AWS_SECRET_ACCESS_KEY = 'secret';
  const event = JSON.parse(JSON.stringify(batchOf(count))) as StreamEvent;
  const run = (): Promise<number> => {
    switch (contestant) {
      case 'publisher alone, sdk':
        return publishAlone(publisherFor('sdk', url), count);
      case 'streamHandler, sdk':
        return handle(publisherFor('sdk', url), event);
      case 'publisher alone, lean':
        return publishAlone(publisherFor('lean', url), count);
      case 'streamHandler, lean':
        return handle(publisherFor('lean', url), event);
      case 'aws-lambda-stream':
        return runPeer(event);
    }
  };
  globalThis.gc?.();
  const cpu = process.cpuUsage();
  const start = performance.now();
  const accepted = await run();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { accepted, wallMs, cpuMs: (user + system) / 1000 };
});
