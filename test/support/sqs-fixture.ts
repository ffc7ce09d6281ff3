import {
  type Message,
  type QueueAttributeName,
  type ReceiveMessageCommandInput,
  type SendMessageCommandInput,
  type SendMessageCommandOutput,
  SQS,
} from '@aws-sdk/client-sqs';
import type { LocalBusOptions } from '@tidings/local';
import { type BusFixture, busFixture, region } from './bus-fixture.ts';

/** A bus, and a client of its queues with the few calls that their tests make all the time. */
export interface SqsFixture {
  readonly on: BusFixture;
  readonly sqs: SQS;
  /** Creates a queue; its URL. */
  queue(name: string, attributes?: Record<string, string>): Promise<string>;
  send(
    url: string,
    body: string,
    more?: Partial<SendMessageCommandInput>,
  ): Promise<SendMessageCommandOutput>;
  /** Up to ten messages; does not wait. */
  receive(url: string, more?: Partial<ReceiveMessageCommandInput>): Promise<readonly Message[]>;
  /** Likewise, their bodies. */
  bodies(url: string, more?: Partial<ReceiveMessageCommandInput>): Promise<readonly string[]>;
  attributes(url: string, names?: QueueAttributeName[]): Promise<Record<string, string>>;
  delete(url: string, ...messages: readonly (Message | undefined)[]): Promise<void>;
  hide(url: string, message: Message | undefined, seconds: number): Promise<void>;
  end(): Promise<void>;
}

export const fifo = { FifoQueue: 'true' };
export const contentBased = { ...fifo, ContentBasedDeduplication: 'true' };
/** What makes a FIFO queue fast. */
export const perGroup = {
  DeduplicationScope: 'messageGroup',
  FifoThroughputLimit: 'perMessageGroupId',
};

/** An answer without what the SDK adds. */
export function told({ $metadata: _, ...rest }: object & { $metadata?: unknown }): object {
  return rest;
}

export async function sqsFixture(options: LocalBusOptions = {}): Promise<SqsFixture> {
  const on = await busFixture(options);
  const sqs = new SQS({
    endpoint: on.bus.url,
    region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  const receive: SqsFixture['receive'] = async (QueueUrl, more = {}) =>
    (await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, ...more })).Messages ?? [];
  return {
    on,
    sqs,
    queue: async (QueueName, Attributes = {}) =>
      (await sqs.createQueue({ QueueName, Attributes })).QueueUrl ?? '',
    send: (QueueUrl, MessageBody, more = {}) => sqs.sendMessage({ QueueUrl, MessageBody, ...more }),
    receive,
    bodies: async (url, more) => (await receive(url, more)).map(({ Body = '' }) => Body),
    attributes: async (QueueUrl, AttributeNames = ['All']) =>
      (await sqs.getQueueAttributes({ QueueUrl, AttributeNames })).Attributes ?? {},
    async delete(QueueUrl, ...messages) {
      for (const message of messages) {
        await sqs.deleteMessage({ QueueUrl, ReceiptHandle: message?.ReceiptHandle });
      }
    },
    async hide(QueueUrl, message, VisibilityTimeout) {
      const ReceiptHandle = message?.ReceiptHandle;
      await sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout });
    },
    async end() {
      sqs.destroy();
      await on.end();
    },
  };
}
