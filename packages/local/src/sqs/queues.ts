import type { Clock } from '../clock.ts';
import type { AwsScope } from '../protocol/aws-scope.ts';
import type { Message } from './message.ts';
import { createQueue, type Queue, type QueueAttributes } from './queue.ts';

/** The queues that exist, over all accounts and regions. */
export interface Queues {
  create(name: string, scope: AwsScope, attributes: QueueAttributes): Queue;
  find(name: string, scope: AwsScope): Queue | undefined;
  byArn(arn: string): Queue | undefined;
  list(scope: AwsScope): readonly Queue[];
  all(): Iterable<Queue>;
  remove(queue: Queue): void;
}

/** @param baseUrl Where the bus listens; queue URLs begin with it. */
export function createQueues(clock: Clock, baseUrl: () => string): Queues {
  const queues = new Map<string, Queue>();
  const move = (message: Message, from: Queue, deadLetterArn: string): boolean => {
    const to = queues.get(deadLetterArn);
    if (to === undefined) return false;
    from.take(message);
    message.deadLetteredFrom = from.arn;
    message.receiveCount = 0;
    message.receiptHandle = undefined;
    message.visibleAt = clock.now();
    to.put(message);
    return true;
  };
  return {
    create(name, scope, attributes) {
      const arn = queueArn(name, scope);
      const queue = createQueue({
        name,
        arn,
        url: `${baseUrl()}/${scope.account}/${name}`,
        attributes,
        clock,
        redrive: move,
      });
      queues.set(arn, queue);
      return queue;
    },
    find: (name, scope) => queues.get(queueArn(name, scope)),
    byArn: (arn) => queues.get(arn),
    list: (scope) =>
      [...queues.values()].filter((queue) => queue.arn.startsWith(queueArn('', scope))),
    all: () => queues.values(),
    remove: (queue) => queues.delete(queue.arn),
  };
}

export function queueArn(name: string, scope: AwsScope): string {
  return `arn:aws:sqs:${scope.region}:${scope.account}:${name}`;
}
