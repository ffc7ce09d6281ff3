import { retryAfterOf } from './retry-after.ts';
import type { RequestFailure } from './transport.ts';

/** What the SDK throws, as far as it is read here. */
interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
  readonly $response?: {
    readonly statusCode?: unknown;
    readonly headers?: Readonly<Record<string, unknown>>;
  };
}

/** Names that say nothing: the SDK gives them where an answer names no error. */
const NAMELESS: ReadonlySet<string> = new Set(['', 'Error', 'Unknown', 'UnknownError']);

/**
 * Reads an error that `client.send` threw. What cannot be read before a request was sent are
 * the client's credentials.
 */
export function sdkFailure(error: unknown, isSent = true): RequestFailure {
  const thrown: SdkError = typeof error === 'object' && error !== null ? error : {};
  const message = typeof thrown.message === 'string' ? thrown.message : String(error);
  const status = httpStatus(thrown);
  const retryAfterMs = retryAfterOf(thrown.$response?.headers);
  const code = failureCode(thrown, status, message);
  return {
    code: !isSent && code === 'UnreadableAnswer' ? 'CredentialsProviderError' : code,
    status,
    message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function failureCode(thrown: SdkError, status: number | undefined, message: string): string {
  const name = typeof thrown.name === 'string' ? thrown.name : '';
  if (status !== undefined && status < 300) return 'UnreadableAnswer';
  if (status === undefined) {
    // A system error, which the SDK renames `TimeoutError` whatever it was.
    if (typeof thrown.code === 'string') return thrown.code;
    if (message.includes('Region is missing')) return 'MissingRegion';
    if (name === 'SyntaxError' || name === 'TypeError') return 'UnreadableAnswer';
  }
  if (!NAMELESS.has(name)) {
    // An answer that is no JSON leaves the parser's error, with the status beside it.
    return name === 'SyntaxError' || name === 'TypeError' ? `Http${status}` : name;
  }
  return status === undefined ? 'UnknownError' : `Http${status}`;
}

function httpStatus(thrown: SdkError): number | undefined {
  const status = thrown.$metadata?.httpStatusCode ?? thrown.$response?.statusCode;
  return typeof status === 'number' ? status : undefined;
}
