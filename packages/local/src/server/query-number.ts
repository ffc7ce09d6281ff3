import type { Context } from 'hono';

/** @throws Error where the query parameter is there and is not a whole number. */
export function queryNumber(context: Context, name: string, fallback: number): number {
  const text = context.req.query(name);
  if (text === undefined) return fallback;
  if (!/^\d{1,15}$/.test(text)) {
    throw new Error(`${name} must be a whole number of 0 or more, got ${JSON.stringify(text)}`);
  }
  return Number(text);
}
