import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A proxy that routes by `options=endpoint=…`, as those of serverless Postgres do. */
export interface EndpointProxy {
  readonly port: number;
  /** The `application_name` of each connection that named the endpoint. */
  readonly routed: readonly string[];
  close(): Promise<void>;
}

/** Forwards connections that name `endpoint`, without its name, and resets all others. */
export async function openEndpointProxy(
  targetPort: number,
  endpoint: string,
): Promise<EndpointProxy> {
  const routed: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    sockets.add(near);
    near.on('error', () => {});
    near.once('data', (bytes) => {
      const parameters = parametersOf(bytes);
      const options = (parameters.get('options') ?? '').split(/\s+/);
      if (!options.includes(`endpoint=${endpoint}`)) {
        near.resetAndDestroy();
        return;
      }
      routed.push(parameters.get('application_name') ?? '');
      const rest = options.filter((each) => !each.startsWith('endpoint='));
      parameters.set('options', rest.join(' '));
      const far = connect(targetPort, '127.0.0.1');
      sockets.add(far);
      far.on('error', () => near.destroy());
      far.write(startupOf(parameters));
      near.pipe(far).pipe(near);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    routed,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Of a StartupMessage: length, version, then names and values that end with a zero each. */
function parametersOf(bytes: Buffer): Map<string, string> {
  const texts = bytes.subarray(8).toString('utf8').split('\0');
  const parameters = new Map<string, string>();
  for (let at = 0; texts[at]; at += 2) parameters.set(texts[at] as string, texts[at + 1] as string);
  return parameters;
}

function startupOf(parameters: ReadonlyMap<string, string>): Buffer {
  const texts = [...parameters].flatMap(([name, value]) => [`${name}\0`, `${value}\0`]);
  const body = Buffer.from(`${texts.join('')}\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(3 << 16, 4);
  return Buffer.concat([head, body]);
}
