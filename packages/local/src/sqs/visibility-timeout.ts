import { invalidValue } from './sqs-error.ts';

/** Twelve hours, in seconds. */
const maxSeconds = 43_200;

/** @throws ServiceError where the time-out is none. */
export function checkVisibilityTimeout(seconds: number): void {
  if (seconds >= 0 && seconds <= maxSeconds) return;
  throw invalidValue(
    seconds,
    'VisibilityTimeout',
    `Must be between 0 and ${maxSeconds}, if provided.`,
  );
}
