import { isDeadLetter } from '../delivery/redrive-dead-letters.ts';
import type { Message } from '../sqs/message.ts';
import type { Queue } from '../sqs/queue.ts';

/** A queue as it is told over HTTP. */
export function queueJson(queue: Queue): object {
  const messages = queue.messages();
  const count = (state: string): number =>
    messages.filter((message) => stateOf(queue, message) === state).length;
  return {
    name: queue.name,
    arn: queue.arn,
    url: queue.url,
    messages: messages.length,
    waiting: count('waiting'),
    inFlight: count('in flight'),
    delayed: count('delayed'),
    redrivable: messages.filter(
      (each) =>
        !queue.isHidden(each) && (isDeadLetter(each) || each.deadLetteredFrom !== undefined),
    ).length,
  };
}

/** A message as it is told over HTTP; nothing is received by it. */
export function messageJson(queue: Queue, message: Message): object {
  return {
    id: message.id,
    sentAt: message.sentAt,
    receiveCount: message.receiveCount,
    state: stateOf(queue, message),
    group: message.groupId,
    attributes: Object.fromEntries(
      Object.entries(message.attributes).map(([name, { StringValue, BinaryValue }]) => [
        name,
        StringValue ?? BinaryValue ?? '',
      ]),
    ),
    body: message.body,
  };
}

function stateOf(queue: Queue, message: Message): string {
  if (!queue.isHidden(message)) return 'waiting';
  return message.receiptHandle === undefined ? 'delayed' : 'in flight';
}
