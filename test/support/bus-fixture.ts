import {
  type EventBridgeClient,
  type EventBridgeClientConfig,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
} from '@aws-sdk/client-eventbridge';
import { type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type LocalBus, type LocalBusOptions, startLocalBus } from '@tidings/local';
import { busClient } from './bus-client.ts';

/** A bus, real clients for it, and the few calls that its tests make all the time. */
export interface BusFixture {
  readonly bus: LocalBus;
  readonly events: EventBridgeClient;
  readonly sqs: SQSClient;
  /** A client of another account or region; ended with the fixture. */
  client(config: EventBridgeClientConfig): EventBridgeClient;
  put(...details: readonly object[]): Promise<void>;
  /** A rule for everything from `com.acme.orders`, with these targets. */
  rule(name: string, ...targets: readonly Target[]): Promise<void>;
  queueArn(name: string): string;
  /** Takes what is in a queue, up to ten messages; does not wait. */
  receive(queue: string): Promise<readonly Message[]>;
  end(): Promise<void>;
}

export const account = '000000000000';
export const region = 'eu-west-1';

export async function busFixture(options: LocalBusOptions = {}): Promise<BusFixture> {
  const bus = await startLocalBus({ region, ...options });
  const events = busClient(bus.url, { maxAttempts: 1 });
  const clients: { destroy(): void }[] = [events];
  const sqs = new SQSClient({
    endpoint: bus.url,
    region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  clients.push(sqs);
  return {
    bus,
    events,
    sqs,
    client(config) {
      const made = busClient(bus.url, { maxAttempts: 1, ...config });
      clients.push(made);
      return made;
    },
    async put(...details) {
      await events.send(
        new PutEventsCommand({
          Entries: details.map((detail) => ({
            Source: 'com.acme.orders',
            DetailType: 'OrderPlaced',
            Detail: JSON.stringify(detail),
          })),
        }),
      );
    },
    async rule(name, ...targets) {
      await events.send(
        new PutRuleCommand({ Name: name, EventPattern: '{"source":["com.acme.orders"]}' }),
      );
      await events.send(new PutTargetsCommand({ Rule: name, Targets: [...targets] }));
    },
    queueArn: (name) => `arn:aws:sqs:${region}:${account}:${name}`,
    async receive(queue) {
      const { Messages } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: `${bus.url}/${account}/${queue}`,
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['All'],
        }),
      );
      return Messages ?? [];
    },
    async end() {
      for (const client of clients) client.destroy();
      await bus.stop();
    },
  };
}
