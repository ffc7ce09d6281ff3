import { integer, map, required, text } from '../protocol/input-shape.ts';
import type { Operations } from '../protocol/operation.ts';
import { checkRedrive } from './check-redrive.ts';
import { findQueue, noQueue } from './find-queue.ts';
import { checkAttributes, checkQueueName } from './queue-attributes.ts';
import { queuePage } from './queue-page.ts';
import { checkTags } from './queue-tags.ts';
import { type Queues, queueArn } from './queues.ts';
import { sqsError } from './sqs-error.ts';
import { sqsCommand, sqsQuery } from './sqs-operation.ts';

const QueueUrl = required(text());

/** What SQS clients ask about queues: make, find, list, delete. */
export function queueOperations(queues: Queues): Operations {
  return {
    CreateQueue: sqsCommand(
      { QueueName: required(text()), Attributes: map(text()), tags: map(text()) },
      (input, caller) => {
        const { QueueName: name, Attributes: given = {}, tags = {} } = input;
        const isFifo = checkQueueName(name, given);
        const attributes = checkAttributes(given, isFifo);
        checkTags(tags);
        const arn = queueArn(name, caller);
        checkRedrive(queues, { arn, isFifo }, attributes);
        const found = queues.find(name, caller);
        if (found === undefined) {
          return {
            QueueUrl: queues.create(name, caller, { attributes, tags, createdAt: caller.now }).url,
          };
        }
        const before = found.attributes();
        for (const [attribute, value] of Object.entries(attributes)) {
          if ((before[attribute] ?? '') === value) continue;
          throw sqsError(
            'QueueNameExists',
            `A queue already exists with the same name and a different value for attribute ${attribute}`,
          );
        }
        return { QueueUrl: found.url };
      },
    ),
    GetQueueUrl: sqsQuery(
      { QueueName: required(text()), QueueOwnerAWSAccountId: text() },
      (input, caller) => {
        const account = input.QueueOwnerAWSAccountId ?? caller.account;
        const queue = queues.find(input.QueueName, { region: caller.region, account });
        if (queue === undefined) throw noQueue();
        return { QueueUrl: queue.url };
      },
    ),
    ListQueues: sqsQuery(
      { QueueNamePrefix: text(), MaxResults: integer(), NextToken: text() },
      (input, caller) => {
        const { QueueNamePrefix: prefix = '' } = input;
        const found = queues.list(caller).filter((queue) => queue.name.startsWith(prefix));
        const { urls, next } = queuePage(found, input);
        return urls.length === 0 ? {} : { QueueUrls: urls, ...next };
      },
    ),
    ListDeadLetterSourceQueues: sqsQuery(
      { QueueUrl, MaxResults: integer(), NextToken: text() },
      (input, caller) => {
        const { arn } = findQueue(queues, input.QueueUrl, caller);
        const { urls, next } = queuePage(queues.sourcesOf(arn), input);
        return { queueUrls: urls, ...next };
      },
    ),
    DeleteQueue: sqsCommand({ QueueUrl }, (input, caller) => {
      queues.remove(findQueue(queues, input.QueueUrl, caller));
      return {};
    }),
  };
}
