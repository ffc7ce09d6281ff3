import { any, integer, list, map, required, text } from '../protocol/input-shape.ts';
import { command, type Operations, query } from '../protocol/operation.ts';
import { findQueue, noQueue } from './find-queue.ts';
import type { Queue } from './queue.ts';
import type { Queues } from './queues.ts';
import { sqsError } from './sqs-error.ts';

const url = required(text({ min: 1 }));
const queueName = text({ min: 1, max: 80, pattern: '[A-Za-z0-9_-]+(\\.fifo)?' });

/** What SQS clients ask about queues: make, find, list, change, purge, redrive, delete. */
export function queueOperations(queues: Queues): Operations {
  return {
    CreateQueue: command(
      { QueueName: required(queueName), Attributes: map(text()), tags: any },
      (input, caller) => {
        const found = queues.find(input.QueueName, caller);
        if (found !== undefined) {
          const before = found.attributes();
          for (const [name, value] of Object.entries(input.Attributes ?? {})) {
            if (before[name] !== value) {
              throw sqsError(
                'QueueNameExists',
                `A queue already exists with the same name and a different value for attribute ${name}`,
              );
            }
          }
        }
        const queue = found ?? queues.create(input.QueueName, caller, input.Attributes ?? {});
        return { QueueUrl: queue.url };
      },
    ),
    GetQueueUrl: query(
      { QueueName: required(queueName), QueueOwnerAWSAccountId: text() },
      (input, caller) => {
        const account = input.QueueOwnerAWSAccountId ?? caller.account;
        const queue = queues.find(input.QueueName, { region: caller.region, account });
        if (queue === undefined) throw noQueue();
        return { QueueUrl: queue.url };
      },
    ),
    ListQueues: query(
      { QueueNamePrefix: text(), MaxResults: integer(), NextToken: text() },
      (input, caller) => ({
        QueueUrls: queues
          .list(caller)
          .filter((queue) => queue.name.startsWith(input.QueueNamePrefix ?? ''))
          .map((queue) => queue.url),
      }),
    ),
    DeleteQueue: command({ QueueUrl: url }, (input, caller) => {
      queues.remove(findQueue(queues, input.QueueUrl, caller));
      return {};
    }),
    PurgeQueue: query({ QueueUrl: url }, (input, caller) => {
      findQueue(queues, input.QueueUrl, caller).purge();
      return {};
    }),
    GetQueueAttributes: query({ QueueUrl: url, AttributeNames: list(text()) }, (input, caller) => {
      const all = allAttributes(findQueue(queues, input.QueueUrl, caller), caller.now);
      const wanted = input.AttributeNames ?? [];
      const names = wanted.includes('All') ? Object.keys(all) : wanted;
      return {
        Attributes: Object.fromEntries(
          names.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])),
        ),
      };
    }),
    SetQueueAttributes: command(
      { QueueUrl: url, Attributes: required(map(text())) },
      (input, caller) => {
        findQueue(queues, input.QueueUrl, caller).setAttributes(input.Attributes);
        return {};
      },
    ),
    ListDeadLetterSourceQueues: query({ QueueUrl: url }, (input, caller) => {
      const { arn } = findQueue(queues, input.QueueUrl, caller);
      return {
        queueUrls: queues
          .list(caller)
          .filter((queue) => (queue.attributes().RedrivePolicy ?? '').includes(`"${arn}"`))
          .map((queue) => queue.url),
      };
    }),
    StartMessageMoveTask: query(
      {
        SourceArn: required(text()),
        DestinationArn: text(),
        MaxNumberOfMessagesPerSecond: integer(),
      },
      (input, caller) => {
        const from = queues.byArn(input.SourceArn);
        if (from === undefined) throw noQueue();
        for (const message of [...from.messages()]) {
          const to = queues.byArn(input.DestinationArn ?? message.deadLetteredFrom ?? '');
          if (to === undefined) continue;
          from.take(message);
          message.deadLetteredFrom = undefined;
          message.receiveCount = 0;
          message.visibleAt = caller.now;
          to.put(message);
        }
        return { TaskHandle: Buffer.from(input.SourceArn).toString('base64') };
      },
    ),
  };
}

function allAttributes(queue: Queue, now: number): Record<string, string> {
  const messages = queue.messages();
  const delayed = messages.filter((each) => each.visibleAt > now && each.receiveCount === 0);
  const inFlight = messages.filter((each) => each.visibleAt > now && each.receiveCount > 0);
  const created = String(Math.floor(queue.createdAt / 1000));
  return {
    ...queue.attributes(),
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(messages.length - delayed.length - inFlight.length),
    ApproximateNumberOfMessagesDelayed: String(delayed.length),
    ApproximateNumberOfMessagesNotVisible: String(inFlight.length),
    CreatedTimestamp: created,
    LastModifiedTimestamp: created,
    ...(queue.isFifo ? { FifoQueue: 'true' } : {}),
  };
}
