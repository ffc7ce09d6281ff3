import type { InputOf } from '../protocol/input-shape.ts';
import { type CheckedMessage, checkMessage, forQueue, type sendFields } from './check-message.ts';
import { md5OfAttributes, md5OfBody } from './message-digest.ts';
import type { Queue } from './queue.ts';
import { invalidParameter } from './sqs-error.ts';

/**
 * Sends one message; what its sender is told.
 * @throws ServiceError in the service's words.
 */
export function sendMessage(
  queue: Queue,
  input: InputOf<typeof sendFields>,
  traceHeader: string | undefined,
): object {
  const checked = checkMessage(input, traceHeader);
  return sendChecked(queue, checked, 'One or more parameters are invalid.');
}

/** @param tooLong How the refusal of a message that is too long begins. */
export function sendChecked(queue: Queue, checked: CheckedMessage, tooLong: string): object {
  const limit = Number(queue.attributes().MaximumMessageSize);
  if (checked.bytes > limit) {
    throw invalidParameter(`${tooLong} Reason: Message must be shorter than ${limit} bytes.`);
  }
  const { body, attributes } = checked.message;
  const sent = queue.send(forQueue(queue, checked.message));
  return {
    MessageId: sent.id,
    MD5OfMessageBody: md5OfBody(body),
    MD5OfMessageAttributes: md5OfAttributes(attributes),
    MD5OfMessageSystemAttributes: md5OfAttributes(checked.systemAttributes),
    SequenceNumber: sent.sequenceNumber,
  };
}
