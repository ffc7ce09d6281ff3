import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request } from 'node:http';
import { Agent as HttpsAgent, request as secureRequest } from 'node:https';
import { staleSocketGuard } from '../idle-sockets.ts';
import type { Endpoint } from './endpoint.ts';

/** An answer, whatever it says. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Posts to one endpoint over connections that are kept. */
export interface HttpExchange {
  /**
   * @throws The system error of a connection that failed. An abort closes the connection
   * and rejects at once with `signal.reason`. `onSending` is called once there is a connection.
   */
  post(
    headers: Readonly<Record<string, string | number>>,
    body: Uint8Array,
    signal: AbortSignal,
    onSending: () => void,
  ): Promise<HttpAnswer>;
  close(): void;
}

/** A connection that does not come about is given up before the whole request is. */
class ConnectTimeoutError extends Error {
  readonly code = 'ETIMEDOUT';
}

/** Exchanges over node's own keep-alive agent: idle connections keep no process alive. */
export function httpExchange(endpoint: Endpoint, connectTimeoutMs: number): HttpExchange {
  const secure = endpoint.protocol === 'https:';
  // The last connection that was used is the one that is least likely to be closed.
  const agentOptions = { keepAlive: true, scheduling: 'lifo' } as const;
  const agent = secure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  const open = secure ? secureRequest : request;
  const { hostname, port, path } = endpoint;
  const dropStale = staleSocketGuard([agent]);

  return {
    post: (headers, body, signal, onSending) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        dropStale();
        const list = flatHeaders(headers);
        const outgoing = open({ method: 'POST', agent, hostname, port, path, headers: list });
        const onAbort = (): void => {
          outgoing.destroy();
          reject(signal.reason);
        };
        signal.addEventListener('abort', onAbort, { once: true });
        outgoing.once('close', () => signal.removeEventListener('abort', onAbort));
        outgoing.once('socket', (socket) => {
          if (!socket.connecting) {
            onSending();
            return;
          }
          socket.once(secure ? 'secureConnect' : 'connect', onSending);
          const timer = setTimeout(() => {
            const error = `no connection within ${connectTimeoutMs} ms`;
            outgoing.destroy(new ConnectTimeoutError(error));
          }, connectTimeoutMs);
          const clear = (): void => clearTimeout(timer);
          socket.once('connect', clear);
          socket.once('close', clear);
        });
        outgoing.once('error', reject);
        outgoing.once('response', (response) => collect(response, outgoing, resolve, reject));
        outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** As a flat list, node writes headers as they are; one by one it would look at each twice. */
function flatHeaders(headers: Readonly<Record<string, string | number>>): string[] {
  const list: string[] = [];
  for (const name in headers) list.push(name, String(headers[name]));
  return list;
}

function collect(
  response: IncomingMessage,
  outgoing: ClientRequest,
  resolve: (answer: HttpAnswer) => void,
  reject: (error: unknown) => void,
): void {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.once('error', reject);
  response.once('end', () => {
    const [first] = chunks;
    const body = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
    const { statusCode: status = 0, headers } = response;
    resolve({ status, headers, body: body.toString() });
  });
  // An answer that is cut off ends without `end`.
  response.once('aborted', () => {
    outgoing.destroy();
    reject(Object.assign(new Error('the answer was cut off'), { code: 'ECONNRESET' }));
  });
}
