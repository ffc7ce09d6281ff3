import { integer, list, required, text } from '../protocol/input-shape.ts';
import type { Operations } from '../protocol/operation.ts';
import { deduplicationId } from './deduplication.ts';
import { findQueue } from './find-queue.ts';
import type { Message, MessageAttributes } from './message.ts';
import { md5OfAttributes, md5OfBody } from './message-digest.ts';
import { checkAttributeName } from './queue-attributes.ts';
import type { Queues } from './queues.ts';
import { invalidValue } from './sqs-error.ts';
import { sqsQuery } from './sqs-operation.ts';
import { checkVisibilityTimeout } from './visibility-timeout.ts';

const maxMessages = 10;
const maxWaitSeconds = 20;
const systemNames: ReadonlySet<string> = new Set([
  'All',
  'SenderId',
  'SentTimestamp',
  'ApproximateReceiveCount',
  'ApproximateFirstReceiveTimestamp',
  'SequenceNumber',
  'MessageDeduplicationId',
  'MessageGroupId',
  'AWSTraceHeader',
  'DeadLetterQueueSourceArn',
]);

/** Receiving messages, at once or as soon as there are some. */
export function receiveMessage(queues: Queues): Operations {
  return {
    ReceiveMessage: sqsQuery(
      {
        QueueUrl: required(text()),
        AttributeNames: list(text()),
        MessageSystemAttributeNames: list(text()),
        MessageAttributeNames: list(text()),
        MaxNumberOfMessages: integer(),
        VisibilityTimeout: integer(),
        WaitTimeSeconds: integer(),
        ReceiveRequestAttemptId: text(),
      },
      async (input, caller) => {
        const queue = findQueue(queues, input.QueueUrl, caller);
        const { MaxNumberOfMessages: max = 1, VisibilityTimeout: visibility } = input;
        if (max < 1 || max > maxMessages) {
          const reason = `Must be between 1 and ${maxMessages}, if provided.`;
          throw invalidValue(max, 'MaxNumberOfMessages', reason);
        }
        const wait =
          input.WaitTimeSeconds ?? Number(queue.attributes().ReceiveMessageWaitTimeSeconds);
        if (wait < 0 || wait > maxWaitSeconds) {
          const reason = `Must be >= 0 and <= ${maxWaitSeconds}, if provided.`;
          throw invalidValue(wait, 'WaitTimeSeconds', reason);
        }
        if (visibility !== undefined) checkVisibilityTimeout(visibility);
        const names = [
          ...(input.AttributeNames ?? []),
          ...(input.MessageSystemAttributeNames ?? []),
        ];
        for (const name of names) if (!systemNames.has(name)) checkAttributeName(name);
        const messages = await queue.receive({
          max,
          waitMs: wait * 1000,
          visibilityMs: visibility === undefined ? undefined : visibility * 1000,
          onLeave: caller.onLeave,
        });
        if (messages.length === 0) return {};
        return {
          Messages: messages.map((message) =>
            received(message, queue.isFifo, names, input.MessageAttributeNames ?? []),
          ),
        };
      },
    ),
  };
}

/** What a receiver is told of a message. */
function received(
  message: Message,
  isFifo: boolean,
  systemNamesWanted: readonly string[],
  attributeNames: readonly string[],
): object {
  const attributes = wantedAttributes(message.attributes, attributeNames);
  const system = Object.fromEntries(
    Object.entries(systemAttributes(message, isFifo)).filter(
      ([name, value]) =>
        value !== undefined &&
        (systemNamesWanted.includes('All') || systemNamesWanted.includes(name)),
    ),
  );
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    MD5OfBody: md5OfBody(message.body),
    Body: message.body,
    ...(Object.keys(system).length === 0 ? {} : { Attributes: system }),
    ...(Object.keys(attributes).length === 0
      ? {}
      : { MessageAttributes: attributes, MD5OfMessageAttributes: md5OfAttributes(attributes) }),
  };
}

function systemAttributes(message: Message, isFifo: boolean): Record<string, string | undefined> {
  return {
    SenderId: 'AIDAEXAMPLE',
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    SequenceNumber: message.sequenceNumber,
    MessageGroupId: message.groupId,
    MessageDeduplicationId: isFifo ? deduplicationId(message) : undefined,
    AWSTraceHeader: message.traceHeader,
    DeadLetterQueueSourceArn: message.deadLetteredFrom,
  };
}

/** Names are taken whole; `All`, `*` and `.*` mean every one, `prefix.*` those that begin so. */
function wantedAttributes(
  attributes: MessageAttributes,
  names: readonly string[],
): MessageAttributes {
  const isWanted = (name: string): boolean =>
    names.some((wanted) => {
      if (wanted === 'All' || wanted === '*') return true;
      return wanted.endsWith('.*') ? name.startsWith(wanted.slice(0, -2)) : wanted === name;
    });
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => isWanted(name)));
}
