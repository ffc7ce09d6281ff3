import type { AcceptedEvent } from '../accepted-event.ts';
import type { Rule } from '../estate/event-bus.ts';
import type { Target } from '../estate/target.ts';
import type { MessageAttribute } from '../sqs/message.ts';
import type { Queues } from '../sqs/queues.ts';
import type { SendFailure } from './send-result.ts';

/** An event that a target did not get. */
export interface DeadLetter {
  readonly event: AcceptedEvent;
  readonly rule: Rule;
  readonly target: Target;
  readonly result: SendFailure;
  /** Attempts after the first. */
  readonly retries: number;
  /** Which part of the retry policy was used up, where it was retried at all. */
  readonly exhausted: 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds' | undefined;
}

/**
 * Writes the event as it was accepted to the target's dead-letter queue, with the
 * attributes that the service adds. False where the target has none, or it does not
 * exist.
 */
export function sendDeadLetter(queues: Queues, letter: DeadLetter): boolean {
  const { event, rule, target, result, retries, exhausted } = letter;
  const queue = queues.byArn(target.DeadLetterConfig?.Arn ?? '');
  if (queue === undefined) return false;
  queue.send({
    body: event.text,
    attributes: {
      RULE_ARN: text(rule.arn),
      TARGET_ARN: text(target.Arn),
      ERROR_CODE: text(result.code),
      ERROR_MESSAGE: text(result.message),
      ...(exhausted === undefined ? {} : { EXHAUSTED_RETRY_CONDITION: text(exhausted) }),
      RETRY_ATTEMPTS: { DataType: 'Number', StringValue: String(retries) },
    },
    groupId: undefined,
  });
  return true;
}

function text(value: string): MessageAttribute {
  return { DataType: 'String', StringValue: value };
}
