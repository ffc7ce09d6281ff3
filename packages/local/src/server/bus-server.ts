import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BusCore } from '../bus-core.ts';
import { awsRequest } from './aws-request.ts';
import { originRefusal } from './request-origin.ts';
import { serveAwsRequest } from './serve-aws-request.ts';
import { errorAnswer, refuseEarly } from './wire.ts';

/** A server that listens. */
export interface BusServer {
  readonly port: number;
  /** Destroys every open connection; resolves when the port is free again. */
  close(): Promise<void>;
}

/** @throws Error that says which address is taken; its `cause` has the code `EADDRINUSE`. */
export async function listen(bus: BusCore): Promise<BusServer> {
  const { host, port, account, region } = bus.options;
  let control: Promise<Listener> | undefined;
  const server = createServer(
    // Longer than the SDK keeps a connection for reuse, so that the bus never closes
    // one which a client is about to write to.
    { keepAliveTimeout: 120_000, headersTimeout: 20_000, requestTimeout: 60_000 },
    (message, response) => {
      response.on('error', () => response.destroy());
      const refusal = originRefusal(message.method ?? '', message.headers, bus.options);
      if (refusal !== undefined) return refuse(message, response, refusal);
      const head = awsRequest(message, { account, region });
      if (head !== undefined) return void serveAwsRequest(bus, head, message, response);
      control ??= loadControl(bus);
      control.then((listener) => listener(message, response)).catch(() => response.destroy());
    },
  );
  // Destroying the socket is all that malformed HTTP is worth.
  server.on('clientError', (_error, socket) => socket.destroy());
  await started(server, port, host);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Listener = (message: IncomingMessage, response: ServerResponse) => unknown;

function refuse(message: IncomingMessage, response: ServerResponse, reason: string): void {
  message.resume();
  refuseEarly(response, errorAnswer(403, 'AccessDeniedException', reason));
}

/** Loaded when it is first asked for: it would double the time until the first answer. */
async function loadControl(bus: BusCore): Promise<Listener> {
  const [{ getRequestListener }, { controlApi }] = await Promise.all([
    import('@hono/node-server'),
    import('./control-api.ts'),
  ]);
  return getRequestListener(controlApi(bus).fetch, { overrideGlobalObjects: false });
}

function started(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(
              `Port ${port} on ${host} is taken; choose another one, or 0 for one that is free.`,
              { cause: error },
            )
          : error,
      ),
    );
    server.listen(port, host, resolve);
  });
}
