import type { Clock } from '../clock.ts';
import type { AwsScope } from '../protocol/aws-scope.ts';
import type { Message } from './message.ts';
import { createQueue, type Queue } from './queue.ts';
import type { QueueAttributes } from './queue-attributes.ts';
import { redrivePolicy } from './redrive-policy.ts';

/** What a new queue is given. */
export interface NewQueue {
  /** Checked ones. */
  readonly attributes?: QueueAttributes;
  readonly tags?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. Default: now. */
  readonly createdAt?: number;
}

/** The queues that exist, over all accounts and regions. */
export interface Queues {
  /** A name that ends with `.fifo` makes a FIFO queue. */
  create(name: string, scope: AwsScope, given?: NewQueue): Queue;
  find(name: string, scope: AwsScope): Queue | undefined;
  byArn(arn: string): Queue | undefined;
  list(scope: AwsScope): readonly Queue[];
  /** Queues whose messages go to this one when they were received too often. */
  sourcesOf(deadLetterArn: string): readonly Queue[];
  all(): Iterable<Queue>;
  remove(queue: Queue): void;
}

/** @param baseUrl Where the bus listens; queue URLs begin with it. */
export function createQueues(clock: Clock, baseUrl: () => string): Queues {
  const queues = new Map<string, Queue>();
  const redrive = (message: Message, from: Queue, deadLetterArn: string): boolean => {
    const to = queues.get(deadLetterArn);
    if (to === undefined || to === from) return false;
    from.take(message);
    const now = clock.now();
    to.put({
      ...message,
      // A FIFO queue keeps it for its whole retention, a standard queue for the rest of it.
      sentAt: to.isFifo ? now : message.sentAt,
      visibleAt: now,
      receivesHere: 0,
      receiptHandle: undefined,
      oldHandles: [],
      deadLetteredFrom: from.arn,
    });
    return true;
  };
  return {
    create(name, scope, { attributes = {}, tags = {}, createdAt = clock.now() } = {}) {
      const arn = queueArn(name, scope);
      const url = `${baseUrl()}/${scope.account}/${name}`;
      const queue = createQueue({ name, arn, url, attributes, tags, createdAt, clock, redrive });
      queues.set(arn, queue);
      return queue;
    },
    find: (name, scope) => queues.get(queueArn(name, scope)),
    byArn: (arn) => queues.get(arn),
    list: (scope) =>
      [...queues.values()].filter((queue) => queue.arn.startsWith(queueArn('', scope))),
    sourcesOf: (deadLetterArn) =>
      [...queues.values()].filter(
        (queue) => redrivePolicy(queue.attributes())?.deadLetterTargetArn === deadLetterArn,
      ),
    all: () => queues.values(),
    remove: (queue) => queues.delete(queue.arn),
  };
}

export function queueArn(name: string, scope: AwsScope): string {
  return `arn:aws:sqs:${scope.region}:${scope.account}:${name}`;
}
