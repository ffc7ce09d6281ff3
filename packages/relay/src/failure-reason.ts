import { describeThrown } from '@tidings/contract';

/**
 * One line about a failure for logs and messages: its code and message. Node's
 * connection errors may hold several attempts and no message of their own.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { readonly code?: unknown };
  const text = error.message === '' ? error.name : error.message;
  return typeof code !== 'string' || text.includes(code) ? text : `${text} (${code})`;
}

/**
 * One line about a failure of something that was given an event: a dead-letter store or a
 * publisher. The message of a service or of the system, which has a code, is told; any other
 * may quote the event, so that its kind and place must do.
 */
export function guardedReasonOf(error: unknown): string {
  const first = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const { code } = (first ?? {}) as { readonly code?: unknown };
  return first instanceof Error && typeof code === 'string'
    ? reasonOf(first)
    : describeThrown(first);
}
