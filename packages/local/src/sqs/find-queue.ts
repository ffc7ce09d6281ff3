import type { Caller } from '../protocol/operation.ts';
import type { Queue } from './queue.ts';
import type { Queues } from './queues.ts';
import { sqsError } from './sqs-error.ts';

/** @throws ServiceError in the service's words where there is no such queue. */
export function findQueue(queues: Queues, queueUrl: string, caller: Caller): Queue {
  const [name = '', owner = ''] = queueUrl.split('/').reverse();
  const account = /^\d{12}$/.test(owner) ? owner : caller.account;
  const queue = queues.find(name, { region: caller.region, account });
  if (queue === undefined) throw noQueue();
  return queue;
}

export function noQueue(): Error {
  return sqsError('QueueDoesNotExist', 'The specified queue does not exist.');
}
