import type { Message } from './message.ts';
import { invalidValue } from './sqs-error.ts';

/** Twelve hours, in seconds. */
const maxSeconds = 43_200;

/** @throws ServiceError where the time-out is none. */
export function checkVisibilityTimeout(seconds: number): void {
  if (seconds >= 0 && seconds <= maxSeconds) return;
  throw invalidValue(
    seconds,
    'VisibilityTimeout',
    `Must be >= 0 and <= ${maxSeconds}, if provided.`,
  );
}

/** @throws ServiceError where the message would be hidden for too long since it was received. */
export function checkTotalVisibility(message: Message, seconds: number, now: number): void {
  const since = now - (message.lastReceivedAt ?? now);
  if (since + seconds * 1000 <= maxSeconds * 1000) return;
  throw invalidValue(
    seconds,
    'VisibilityTimeout',
    `Total VisibilityTimeout for the message is beyond the limit [${maxSeconds} seconds].`,
  );
}
