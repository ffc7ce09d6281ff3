import type { AcceptedEvent } from '../accepted-event.ts';
import type { Target } from '../estate/target.ts';
import { ServiceError } from '../protocol/service-error.ts';
import type { Queues } from '../sqs/queues.ts';
import { sendMessage } from '../sqs/send-message.ts';
import { refused, type SendResult, sent } from './send-result.ts';

/** Sends a payload to a queue, under the same rules as any other sender. */
export function sendToQueue(
  queues: Queues,
  payload: string,
  target: Target,
  event: AcceptedEvent,
): SendResult {
  const queue = queues.byArn(target.Arn);
  if (queue === undefined) return refused('NO_RESOURCE', `${target.Arn} does not exist.`);
  try {
    sendMessage(
      queue,
      { MessageBody: payload, MessageGroupId: target.SqsParameters?.MessageGroupId },
      event.traceHeader,
    );
    return sent;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return refused('INVALID_PARAMETER', error.message);
  }
}
