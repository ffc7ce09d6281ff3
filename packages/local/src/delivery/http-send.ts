import { failed, refused, type SendFailure, type SendResult, sent } from './send-result.ts';

/** An HTTP request to a target. */
export interface HttpCall {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent for GET and HEAD. */
  readonly body?: string;
  readonly timeoutMs: number;
}

/** What an endpoint answered, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** An answer, or why there is none. */
export async function exchange(
  call: HttpCall,
): Promise<HttpAnswer | { readonly error: SendFailure }> {
  try {
    const response = await fetch(call.url, {
      method: call.method,
      headers: call.headers,
      ...(call.body === undefined ? {} : { body: call.body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(call.timeoutMs),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    const isTimeout = error instanceof Error && error.name === 'TimeoutError';
    return {
      error: isTimeout
        ? failed('TIMEOUT', `${call.url} did not answer within ${call.timeoutMs} ms.`)
        : failed('CONNECTION_FAILURE', `${call.url} could not be reached.`),
    };
  }
}

/** Sends a call; its answer decides by its status. */
export async function httpSend(call: HttpCall): Promise<SendResult> {
  const answer = await exchange(call);
  return 'error' in answer ? answer.error : resultOf(answer, call.url);
}

/** 409, 429 and 5xx are tried again, other refusals are not, as for API destinations. */
export function resultOf({ status, headers }: HttpAnswer, url: string): SendResult {
  const functionError = headers.get('x-amz-function-error');
  if (functionError !== null) {
    return failed('ERROR_FROM_TARGET', `The function failed: ${functionError}.`);
  }
  if (status >= 200 && status < 300) return sent;
  const message = `${url} answered ${status}.`;
  if (status === 429 || status === 409 || status >= 500) {
    const code = status === 429 ? 'THROTTLING' : 'ERROR_FROM_TARGET';
    return { ...failed(code, message, retryAfterMs(headers)), status };
  }
  return { ...refused(refusalCodes.get(status) ?? 'ERROR_FROM_TARGET', message), status };
}

const refusalCodes: ReadonlyMap<number, string> = new Map([
  [401, 'NO_PERMISSIONS'],
  [403, 'NO_PERMISSIONS'],
  [404, 'NO_RESOURCE'],
]);

function retryAfterMs(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
