import { retryAfterOf } from '../retry-after.ts';
import type { RequestFailure } from '../transport.ts';
import type { HttpAnswer } from './http-exchange.ts';

/** Reads an answer that is no success, in AWS JSON 1.1. */
export function answerFailure({ status, headers, body }: HttpAnswer): RequestFailure {
  const parsed = parseObject(body);
  const named = firstString(headers['x-amzn-errortype'], parsed.__type, parsed.code);
  const message = firstString(parsed.message, parsed.Message) ?? `HTTP status ${status}`;
  const retryAfterMs = retryAfterOf(headers);
  return {
    code: named === undefined ? `Http${status}` : errorName(named),
    status,
    message,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** Reads an error that left no answer. */
export function connectionFailure(error: unknown): RequestFailure {
  const { code, name, message } = (error ?? {}) as Readonly<Record<string, unknown>>;
  return {
    code: firstString(code, name === 'Error' ? undefined : name) ?? 'UnknownError',
    status: undefined,
    message: typeof message === 'string' && message !== '' ? message : String(error),
  };
}

/** `ns#Name:http://…` -> `Name`. */
function errorName(text: string): string {
  const name = text.split('#').at(-1) ?? text;
  return name.split(':')[0] ?? name;
}

function firstString(...values: readonly unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && value !== '');
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
