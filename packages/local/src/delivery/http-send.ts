import { failed, refused, type SendResult, sent } from './send-result.ts';

/** An HTTP request to a target. */
export interface HttpCall {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent for GET and HEAD. */
  readonly body?: string;
  readonly timeoutMs: number;
}

/** 409, 429 and 5xx are tried again, other refusals are not, as for API destinations. */
export async function httpSend(call: HttpCall): Promise<SendResult> {
  let response: Response;
  try {
    response = await fetch(call.url, {
      method: call.method,
      headers: call.headers,
      ...(call.body === undefined ? {} : { body: call.body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(call.timeoutMs),
    });
    await response.arrayBuffer();
  } catch (error) {
    const isTimeout = error instanceof Error && error.name === 'TimeoutError';
    return isTimeout
      ? failed('TIMEOUT', `${call.url} did not answer within ${call.timeoutMs} ms.`)
      : failed('CONNECTION_FAILURE', `${call.url} could not be reached.`);
  }
  const functionError = response.headers.get('x-amz-function-error');
  if (functionError !== null) {
    return failed('ERROR_FROM_TARGET', `The function failed: ${functionError}.`);
  }
  const { status } = response;
  if (status >= 200 && status < 300) return sent;
  const message = `${call.url} answered ${status}.`;
  if (status === 429) return failed('THROTTLING', message, retryAfterMs(response));
  if (status === 409 || status >= 500) {
    return failed('ERROR_FROM_TARGET', message, retryAfterMs(response));
  }
  if (status === 401 || status === 403) return refused('NO_PERMISSIONS', message);
  if (status === 404) return refused('NO_RESOURCE', message);
  return refused('ERROR_FROM_TARGET', message);
}

function retryAfterMs(response: Response): number | undefined {
  const value = response.headers.get('retry-after');
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
