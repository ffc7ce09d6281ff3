import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that an HTTP target received. */
export interface TargetRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers with a status, and headers or a body where they matter. */
export type TargetAnswer = (request: TargetRequest) => {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
};

/** A real HTTP server that keeps what it was sent. */
export async function httpTarget(answer: TargetAnswer = () => ({ status: 200 })): Promise<{
  readonly url: string;
  readonly requests: readonly TargetRequest[];
  stop(): Promise<void>;
}> {
  const requests: TargetRequest[] = [];
  const server = createServer(async (message, response) => {
    let body = '';
    for await (const chunk of message) body += chunk;
    const request = {
      method: message.method ?? '',
      path: message.url ?? '',
      headers: message.headers,
      body,
    };
    requests.push(request);
    const { status, headers = {}, body: text = '' } = answer(request);
    response.writeHead(status, headers).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
