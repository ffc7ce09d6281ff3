import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP link to a server that can be cut, refused, frozen and led elsewhere. */
export interface TcpLink {
  readonly port: number;
  /** Ends every connection with a reset, at both ends. */
  cut(): void;
  /** While refused, new connections are reset as soon as they are made. */
  refuse(refused: boolean): void;
  /** Holds back every byte, and every end of a connection, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Freezes when a client sends `text`, with it; resolves when that has happened. */
  freezeAt(text: string): Promise<void>;
  /**
   * The server's ends are reset and the clients' ends stay open and silent for ever, as
   * where a firewall forgets a connection. New connections work.
   */
  forget(): void;
  /** Sends connections that are made from now on to another port. */
  retarget(port: number): void;
  close(): Promise<void>;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** Listens on a free port of 127.0.0.1 and forwards to `targetPort` there. */
export async function openTcpLink(targetPort: number): Promise<TcpLink> {
  const pairs = new Set<Pair>();
  const forgotten = new Set<Socket>();
  let target = targetPort;
  let refused = false;
  let frozen = false;
  let held: (() => void)[] = [];
  let awaited: { readonly text: string; readonly seen: () => void } | undefined;

  /** Runs `work` now, or when the link thaws. */
  function unlessFrozen(work: () => void): void {
    if (frozen) held.push(work);
    else work();
  }

  function forward(from: Socket, to: Socket, pair: Pair): void {
    from.on('data', (bytes) => {
      if (from === pair.near && awaited !== undefined && bytes.includes(awaited.text)) {
        frozen = true;
        awaited.seen();
        awaited = undefined;
      }
      unlessFrozen(() => {
        if (to.writable && !to.write(bytes)) from.pause();
      });
    });
    to.on('drain', () => from.resume());
    from.on('error', () => {});
    from.on('close', () => {
      forgotten.delete(from);
      if (!pairs.has(pair)) return;
      unlessFrozen(() => {
        pairs.delete(pair);
        to.destroy();
      });
    });
  }

  const server = createServer((near) => {
    if (refused) {
      near.on('error', () => {});
      near.resetAndDestroy();
      return;
    }
    const far = connect(target, '127.0.0.1');
    near.setNoDelay(true);
    far.setNoDelay(true);
    const pair = { near, far };
    pairs.add(pair);
    forward(near, far, pair);
    forward(far, near, pair);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  function thaw(): void {
    frozen = false;
    const work = held;
    held = [];
    for (const each of work) each();
  }

  function cut(): void {
    held = [];
    for (const { near, far } of pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    pairs.clear();
  }

  return {
    port,
    cut,
    refuse(value) {
      refused = value;
    },
    freeze() {
      frozen = true;
    },
    thaw,
    freezeAt(text) {
      return new Promise((resolve) => {
        awaited = { text, seen: resolve };
      });
    },
    forget() {
      for (const { near, far } of pairs) {
        near.removeAllListeners('data');
        near.resume();
        forgotten.add(near);
        far.resetAndDestroy();
      }
      pairs.clear();
    },
    retarget(another) {
      target = another;
    },
    async close() {
      thaw();
      cut();
      for (const near of forgotten) near.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
