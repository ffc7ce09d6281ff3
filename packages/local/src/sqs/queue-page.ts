import { page } from '../protocol/page.ts';
import type { Queue } from './queue.ts';
import { invalidValue } from './sqs-error.ts';

/** As many as the service tells at once. */
const maxResults = 1_000;

/** URLs of queues, in order of their names; further pages only where a size was given. */
export function queuePage(
  queues: readonly Queue[],
  input: { readonly MaxResults?: number | undefined; readonly NextToken?: string | undefined },
): { readonly urls: readonly string[]; readonly next: { readonly NextToken?: string } } {
  const { MaxResults: size, NextToken } = input;
  if (size !== undefined && (size < 1 || size > maxResults)) {
    const reason = `Must be between 1 and ${maxResults}, if provided.`;
    throw invalidValue(size, 'MaxResults', reason);
  }
  const { items, next } = page(queues, (queue) => queue.name, {
    Limit: size ?? maxResults,
    NextToken,
  });
  return { urls: items.map(({ url }) => url), next: size === undefined ? {} : next };
}
