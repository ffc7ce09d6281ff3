import {
  any,
  type InputOf,
  type IntegerShape,
  integer,
  type TextShape,
  text,
} from '../protocol/input-shape.ts';
import type { MessageAttributes, NewMessage } from './message.ts';
import {
  bytesOfAttributes,
  checkMessageAttributes,
  hasForbiddenCharacter,
} from './message-attributes.ts';
import type { Queue } from './queue.ts';
import { invalidParameter, invalidValue, missingParameter, sqsError } from './sqs-error.ts';

/** What a sender says of a message. */
export const sendFields: {
  readonly MessageBody: TextShape;
  readonly DelaySeconds: IntegerShape;
  readonly MessageAttributes: typeof any;
  readonly MessageSystemAttributes: typeof any;
  readonly MessageGroupId: TextShape;
  readonly MessageDeduplicationId: TextShape;
} = {
  MessageBody: text(),
  DelaySeconds: integer(),
  MessageAttributes: any,
  MessageSystemAttributes: any,
  MessageGroupId: text(),
  MessageDeduplicationId: text(),
};

/** A message that was checked, with what its answer tells of it. */
export interface CheckedMessage {
  readonly message: NewMessage;
  readonly systemAttributes: MessageAttributes;
  /** Of body and attributes. */
  readonly bytes: number;
}

const idPattern = /^[!-~]{1,128}$/;

/**
 * What holds for each message, whether it comes alone or in a batch.
 * @param traceHeader Of the request; the message's own goes before it.
 * @throws ServiceError in the service's words.
 */
export function checkMessage(
  input: InputOf<typeof sendFields>,
  traceHeader: string | undefined,
): CheckedMessage {
  const body = input.MessageBody ?? '';
  if (body === '') throw missingParameter('MessageBody');
  if (hasForbiddenCharacter(body)) {
    throw sqsError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
    );
  }
  const attributes = checkMessageAttributes(input.MessageAttributes);
  const systemAttributes = checkSystemAttributes(input.MessageSystemAttributes);
  return {
    message: {
      body,
      attributes,
      traceHeader: systemAttributes.AWSTraceHeader?.StringValue ?? traceHeader,
      delaySeconds: input.DelaySeconds,
      groupId: input.MessageGroupId,
      deduplicationId: input.MessageDeduplicationId,
    },
    systemAttributes,
    bytes: Buffer.byteLength(body) + bytesOfAttributes(attributes),
  };
}

/**
 * A checked message as its queue takes it.
 * @throws ServiceError where the queue's type does not allow it.
 */
export function forQueue(queue: Queue, message: NewMessage): NewMessage {
  const { delaySeconds, groupId, deduplicationId } = message;
  const unfit = 'The request include parameter that is not valid for this queue type.';
  if (delaySeconds !== undefined && (delaySeconds < 0 || delaySeconds > 900)) {
    throw invalidValue(delaySeconds, 'DelaySeconds', 'DelaySeconds must be >= 0 and <= 900.');
  }
  checkId('MessageGroupId', groupId);
  checkId('MessageDeduplicationId', deduplicationId);
  if (!queue.isFifo) {
    if (deduplicationId !== undefined) {
      throw invalidValue(deduplicationId, 'MessageDeduplicationId', unfit);
    }
    return message;
  }
  if (groupId === undefined) throw missingParameter('MessageGroupId');
  if (delaySeconds !== undefined && delaySeconds > 0) {
    throw invalidValue(delaySeconds, 'DelaySeconds', unfit);
  }
  if (deduplicationId === undefined) checkContentBased(queue);
  // A delay of 0 means the queue's own.
  return { ...message, delaySeconds: undefined };
}

/** @throws ServiceError where a FIFO queue needs an id for each message. */
export function checkContentBased(queue: Queue): void {
  if (queue.attributes().ContentBasedDeduplication === 'true') return;
  throw invalidParameter(
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
}

function checkId(name: string, value: string | undefined): void {
  if (value === undefined || idPattern.test(value)) return;
  throw invalidValue(
    value,
    name,
    `${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

function checkSystemAttributes(given: unknown): MessageAttributes {
  const attributes = checkMessageAttributes(given);
  for (const [name, { DataType }] of Object.entries(attributes)) {
    if (name === 'AWSTraceHeader' && DataType === 'String') continue;
    throw invalidParameter(
      name === 'AWSTraceHeader'
        ? "Message system attribute 'AWSTraceHeader' must be of type 'String'."
        : `Message system attribute name '${name}' is invalid.`,
    );
  }
  return attributes;
}
