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
