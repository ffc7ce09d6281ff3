import { ServiceError } from './service-error.ts';

const defaultLimit = 100;

/** Part of a list, and where the next part begins. */
export interface Page<T> {
  readonly items: readonly T[];
  /** `{}` on the last page. */
  readonly next: { readonly NextToken?: string };
}

/**
 * Cuts a list as `Limit` and `NextToken` say. The token names the last item that was
 * told, so that a list which changes in between is not told twice or left out.
 */
export function page<T>(
  all: Iterable<T>,
  nameOf: (item: T) => string,
  input: { readonly Limit?: number | undefined; readonly NextToken?: string | undefined },
): Page<T> {
  const sorted = [...all].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const after = input.NextToken === undefined ? undefined : decode(input.NextToken);
  const from = after === undefined ? 0 : sorted.findIndex((item) => nameOf(item) > after);
  if (from === -1) return { items: [], next: {} };
  const items = sorted.slice(from, from + (input.Limit ?? defaultLimit));
  const last = items.at(-1);
  const more = last !== undefined && from + items.length < sorted.length;
  return { items, next: more ? { NextToken: encode(nameOf(last)) } : {} };
}

const prefix = 'after:';

function encode(name: string): string {
  return Buffer.from(`${prefix}${name}`).toString('base64url');
}

function decode(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (text.startsWith(prefix)) return text.slice(prefix.length);
  throw new ServiceError('ValidationException', 'Parameter NextToken is not valid.');
}
