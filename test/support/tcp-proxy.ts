import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A link that a test can cut or stall. */
export interface TcpProxy {
  readonly port: number;
  /** Lets nothing through any more, without closing anything. */
  stall(): void;
  /** Lets everything through again, for connections made before and after. */
  resume(): void;
  /** Resets every connection. */
  cut(): void;
  /** Sends connections that are made from now on to another port. */
  retarget(port: number): void;
  close(): Promise<void>;
}

/** Forwards connections to a port of this machine. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let stalled = false;
  let port = target;
  const server: Server = createServer({ pauseOnConnect: false }, (near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
      if (stalled) from.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stall(): void {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    resume(): void {
      stalled = false;
      for (const socket of sockets) socket.resume();
    },
    cut(): void {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    retarget(another): void {
      port = another;
    },
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
