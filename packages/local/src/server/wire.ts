import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';

const contentType = 'application/x-amz-json-1.1';

/** What goes back over the wire. */
export interface WireAnswer {
  readonly status: number;
  readonly body: string;
  /** Name of the error, where the answer is a refusal. */
  readonly error?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export function errorAnswer(
  status: number,
  error: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): WireAnswer {
  return { status, error, headers, body: JSON.stringify({ __type: error, message }) };
}

/** Sends an answer as the service would. */
export function send(response: ServerResponse, answer: WireAnswer): void {
  response.writeHead(answer.status, headersOf(answer));
  response.end(answer.body);
}

/** How long a client that was refused may go on sending before it is cut off. */
const lingerMs = 1_000;

/** Answers while the body may still come, and closes the connection. */
export function refuseEarly(response: ServerResponse, answer: WireAnswer): void {
  response.writeHead(answer.status, { ...headersOf(answer), Connection: 'close' });
  response.write(answer.body);
  response.flushHeaders();
  response.req.once('end', () => response.end());
  const timer = setTimeout(() => response.socket?.destroy(), lingerMs);
  timer.unref();
  response.once('close', () => clearTimeout(timer));
}

/** Promises the whole answer, sends half of it and closes the connection. */
export function sendHalf(response: ServerResponse, answer: WireAnswer): void {
  response.writeHead(answer.status, headersOf(answer));
  response.write(answer.body.slice(0, Math.max(1, answer.body.length >> 1)), () =>
    response.socket?.destroy(),
  );
}

/** Closes the connection with a TCP reset. */
export function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

function headersOf(answer: WireAnswer): Record<string, string | number> {
  return {
    'x-amzn-RequestId': randomUUID(),
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(answer.body),
    ...answer.headers,
  };
}
