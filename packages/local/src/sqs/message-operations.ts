import { any, integer, list, object, required, text } from '../protocol/input-shape.ts';
import { type Operations, query } from '../protocol/operation.ts';
import { ServiceError } from '../protocol/service-error.ts';
import { findQueue } from './find-queue.ts';
import { type Message, type MessageAttributes, md5OfAttributes, md5OfBody } from './message.ts';
import type { Queue } from './queue.ts';
import type { Queues } from './queues.ts';
import { sqsError } from './sqs-error.ts';

const url = required(text({ min: 1 }));
const maxMessageBytes = 1_048_576;
const sendFields = {
  MessageBody: required(text({ min: 1 })),
  DelaySeconds: integer({ min: 0, max: 900 }),
  MessageAttributes: any,
  MessageSystemAttributes: any,
  MessageGroupId: text(),
  MessageDeduplicationId: text(),
};

/** What SQS clients do with messages: send, receive, hide, delete, one by one and in batches. */
export function messageOperations(queues: Queues): Operations {
  return {
    SendMessage: query({ QueueUrl: url, ...sendFields }, (input, caller) =>
      send(findQueue(queues, input.QueueUrl, caller), input),
    ),
    SendMessageBatch: query(
      { QueueUrl: url, Entries: required(list(object({ Id: required(text()), ...sendFields }))) },
      (input, caller) => {
        const queue = findQueue(queues, input.QueueUrl, caller);
        return batch(input.Entries, (entry) => send(queue, entry));
      },
    ),
    ReceiveMessage: query(
      {
        QueueUrl: url,
        AttributeNames: list(text()),
        MessageSystemAttributeNames: list(text()),
        MessageAttributeNames: list(text()),
        MaxNumberOfMessages: integer({ min: 1, max: 10 }),
        VisibilityTimeout: integer({ min: 0, max: 43_200 }),
        WaitTimeSeconds: integer({ min: 0, max: 20 }),
        ReceiveRequestAttemptId: text(),
      },
      async (input, caller) => {
        const queue = findQueue(queues, input.QueueUrl, caller);
        const wait =
          input.WaitTimeSeconds ?? Number(queue.attributes().ReceiveMessageWaitTimeSeconds);
        const messages = await queue.receive({
          max: input.MaxNumberOfMessages ?? 1,
          waitMs: wait * 1000,
          visibilityMs:
            input.VisibilityTimeout === undefined ? undefined : input.VisibilityTimeout * 1000,
        });
        if (messages.length === 0) return {};
        const system = [
          ...(input.AttributeNames ?? []),
          ...(input.MessageSystemAttributeNames ?? []),
        ];
        return {
          Messages: messages.map((message) => told(message, system, input.MessageAttributeNames)),
        };
      },
    ),
    DeleteMessage: query({ QueueUrl: url, ReceiptHandle: required(text()) }, (input, caller) => {
      findQueue(queues, input.QueueUrl, caller).delete(input.ReceiptHandle);
      return {};
    }),
    DeleteMessageBatch: query(
      {
        QueueUrl: url,
        Entries: required(list(object({ Id: required(text()), ReceiptHandle: required(text()) }))),
      },
      (input, caller) => {
        const queue = findQueue(queues, input.QueueUrl, caller);
        return batch(input.Entries, (entry) => {
          queue.delete(entry.ReceiptHandle);
          return {};
        });
      },
    ),
    ChangeMessageVisibility: query(
      {
        QueueUrl: url,
        ReceiptHandle: required(text()),
        VisibilityTimeout: required(integer({ min: 0, max: 43_200 })),
      },
      (input, caller) => {
        const queue = findQueue(queues, input.QueueUrl, caller);
        if (!queue.changeVisibility(input.ReceiptHandle, input.VisibilityTimeout * 1000)) {
          throw sqsError('MessageNotInflight', 'The specified message is not in flight.');
        }
        return {};
      },
    ),
  };
}

interface SendInput {
  readonly MessageBody: string;
  readonly DelaySeconds?: number | undefined;
  readonly MessageAttributes?: unknown;
  readonly MessageGroupId?: string | undefined;
  readonly MessageDeduplicationId?: string | undefined;
}

function send(queue: Queue, input: SendInput): object {
  const bytes = Buffer.byteLength(input.MessageBody);
  if (bytes > maxMessageBytes) {
    throw sqsError(
      'InvalidParameterValue',
      `One or more parameters are invalid. Reason: Message must be shorter than ${maxMessageBytes} bytes.`,
    );
  }
  if (queue.isFifo && input.MessageGroupId === undefined) {
    throw sqsError('MissingParameter', 'The request must contain the parameter MessageGroupId.');
  }
  const attributes = (input.MessageAttributes ?? {}) as MessageAttributes;
  const sent = queue.send({
    body: input.MessageBody,
    attributes,
    delaySeconds: input.DelaySeconds,
    groupId: input.MessageGroupId,
    deduplicationId: input.MessageDeduplicationId,
  });
  return {
    MessageId: sent?.id ?? '00000000-0000-0000-0000-000000000000',
    MD5OfMessageBody: md5OfBody(input.MessageBody),
    MD5OfMessageAttributes: md5OfAttributes(attributes),
    SequenceNumber: sent?.sequenceNumber,
  };
}

function batch<T extends { readonly Id: string }>(
  entries: readonly T[],
  run: (entry: T) => object,
): object {
  if (entries.length === 0) {
    throw sqsError(
      'EmptyBatchRequest',
      'There should be at least one SendMessageBatchRequestEntry in the request.',
    );
  }
  if (entries.length > 10) {
    throw sqsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are 10. You have sent ${entries.length}.`,
    );
  }
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    throw sqsError(
      'BatchEntryIdsNotDistinct',
      'Two or more batch entries in the request have the same Id.',
    );
  }
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const Code = error.type.split('#').at(-1);
      Failed.push({ Id: entry.Id, Code, Message: error.message, SenderFault: true });
    }
  }
  return { Successful, Failed };
}

function told(
  message: Message,
  system: readonly string[],
  attributeNames: readonly string[] | undefined,
): object {
  const all: Record<string, string | undefined> = {
    SenderId: 'AIDAEXAMPLE',
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    SequenceNumber: message.sequenceNumber,
    MessageGroupId: message.groupId,
    MessageDeduplicationId: message.deduplicationId,
    DeadLetterQueueSourceArn: message.deadLetteredFrom,
  };
  const isWanted = (name: string): boolean =>
    (attributeNames ?? []).some((wanted) => {
      if (wanted === 'All' || wanted === '.*') return true;
      return wanted.endsWith('.*') ? name.startsWith(wanted.slice(0, -2)) : wanted === name;
    });
  const attributes = Object.fromEntries(
    Object.entries(message.attributes).filter(([name]) => isWanted(name)),
  );
  const systemAttributes = Object.fromEntries(
    Object.entries(all).filter(
      ([name, value]) => value !== undefined && (system.includes('All') || system.includes(name)),
    ),
  );
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    MD5OfBody: md5OfBody(message.body),
    Body: message.body,
    ...(Object.keys(systemAttributes).length === 0 ? {} : { Attributes: systemAttributes }),
    ...(Object.keys(attributes).length === 0
      ? {}
      : { MessageAttributes: attributes, MD5OfMessageAttributes: md5OfAttributes(attributes) }),
  };
}
