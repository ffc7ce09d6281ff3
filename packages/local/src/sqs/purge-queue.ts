import { required, text } from '../protocol/input-shape.ts';
import type { Operations } from '../protocol/operation.ts';
import { findQueue } from './find-queue.ts';
import type { Queue } from './queue.ts';
import type { Queues } from './queues.ts';
import { sqsError } from './sqs-error.ts';
import { sqsQuery } from './sqs-operation.ts';

const everySeconds = 60;

/** Deletes all messages of a queue, once a minute. */
export function purgeQueue(queues: Queues): Operations {
  const purgedAt = new WeakMap<Queue, number>();
  return {
    PurgeQueue: sqsQuery({ QueueUrl: required(text()) }, (input, caller) => {
      const queue = findQueue(queues, input.QueueUrl, caller);
      const last = purgedAt.get(queue);
      if (last !== undefined && caller.now - last < everySeconds * 1000) {
        throw sqsError(
          'PurgeQueueInProgress',
          `Only one PurgeQueue operation on ${queue.name} is allowed every ${everySeconds} seconds.`,
        );
      }
      purgedAt.set(queue, caller.now);
      queue.purge();
      return {};
    }),
  };
}
