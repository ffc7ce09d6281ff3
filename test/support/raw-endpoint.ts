import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RawRequest {
  readonly headers: IncomingHttpHeaders;
  /** The body as it came. */
  readonly text: string;
  readonly body: { readonly Entries: readonly Readonly<Record<string, unknown>>[] };
}

/** Writes one answer by hand, or none. */
export type RawAnswer = (response: ServerResponse, request: RawRequest) => void;

/** An HTTP server for answers that no bus would give on purpose. */
export interface RawEndpoint extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly RawRequest[];
}

/** Answers request after request; the last answer repeats. */
export async function rawEndpoint(...answers: readonly RawAnswer[]): Promise<RawEndpoint> {
  const requests: RawRequest[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const body: RawRequest['body'] = text === '' ? { Entries: [] } : JSON.parse(text);
      const request = { headers: incoming.headers, text, body };
      const answer = answers[Math.min(requests.length, answers.length - 1)];
      requests.push(request);
      answer?.(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers with a status and a body; a text body goes as it is. */
export function answer(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): RawAnswer {
  return (response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', ...headers });
    response.end(text);
  };
}

/** An error in the service's own form. */
export function awsError(status: number, type: string): RawAnswer {
  return answer(status, { __type: type, message: `scripted ${type}` });
}

/** Accepts every entry. */
export const accepts: RawAnswer = (response, request) => {
  const Entries = request.body.Entries.map((_, index) => ({ EventId: `bus-${index}` }));
  answer(200, { FailedEntryCount: 0, Entries })(response, request);
};

/** Resets the connection. */
export const resets: RawAnswer = (response) => {
  response.socket?.resetAndDestroy();
};

/** Never answers. */
export const hangs: RawAnswer = () => {};

/** Sends headers and the start of a body, and nothing after it. */
export const stallsInBody: RawAnswer = (response) => {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('{"FailedEntryCount":0,');
};
