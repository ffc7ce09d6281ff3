import { list, map, required, text } from '../protocol/input-shape.ts';
import type { Operations } from '../protocol/operation.ts';
import { checkRedrive } from './check-redrive.ts';
import { findQueue } from './find-queue.ts';
import type { Queue } from './queue.ts';
import { checkAttributeName, checkAttributes } from './queue-attributes.ts';
import type { Queues } from './queues.ts';
import { invalidAttribute, missingParameter } from './sqs-error.ts';
import { sqsCommand, sqsQuery } from './sqs-operation.ts';

const QueueUrl = required(text());

/** Reading and setting attributes of queues. */
export function queueAttributeOperations(queues: Queues): Operations {
  return {
    GetQueueAttributes: sqsQuery({ QueueUrl, AttributeNames: list(text()) }, (input, caller) => {
      const all = allAttributes(findQueue(queues, input.QueueUrl, caller), caller.now);
      const wanted = input.AttributeNames ?? [];
      for (const name of wanted) checkAttributeName(name);
      const names = wanted.includes('All') ? Object.keys(all) : wanted;
      const entries = names.flatMap((name) => {
        const value = Object.hasOwn(all, name) ? all[name] : undefined;
        return value === undefined ? [] : [[name, value] as const];
      });
      return entries.length === 0 ? {} : { Attributes: Object.fromEntries(entries) };
    }),
    SetQueueAttributes: sqsCommand(
      { QueueUrl, Attributes: required(map(text())) },
      (input, caller) => {
        const queue = findQueue(queues, input.QueueUrl, caller);
        if (Object.keys(input.Attributes).length === 0) throw missingParameter('Attributes');
        const attributes = checkAttributes(input.Attributes, queue.isFifo);
        if (attributes.FifoQueue === 'false') {
          throw invalidAttribute('FifoQueue', 'Modifying queue type is not supported.');
        }
        checkRedrive(queues, queue, attributes);
        queue.setAttributes(attributes, caller.now);
        return {};
      },
    ),
  };
}

function allAttributes(queue: Queue, now: number): Record<string, string> {
  const messages = queue.messages();
  const hidden = messages.filter((each) => each.visibleAt > now);
  const delayed = hidden.filter((each) => each.receivesHere === 0).length;
  return {
    ...queue.attributes(),
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(messages.length - hidden.length),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    ApproximateNumberOfMessagesNotVisible: String(hidden.length - delayed),
    CreatedTimestamp: String(Math.floor(queue.createdAt / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.modifiedAt() / 1000)),
  };
}
