import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Objects by `bucket/key`, over as much of S3's protocol as PutObject and GetObject need. */
export interface ObjectStore extends AsyncDisposable {
  readonly url: string;
  readonly objects: Map<string, Buffer>;
  /** Method and name of each request. */
  readonly requests: string[];
  /** Answers the next puts with these statuses and error codes. */
  readonly failures: { readonly status: number; readonly code: string }[];
}

export async function objectStore(): Promise<ObjectStore> {
  const objects = new Map<string, Buffer>();
  const requests: string[] = [];
  const failures: ObjectStore['failures'] = [];
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url ?? '/', 'http://s3').pathname.slice(1));
    requests.push(`${request.method} ${name}`);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const object = objects.get(name);
      const failure = request.method === 'PUT' ? failures.shift() : undefined;
      if (failure !== undefined) {
        response.writeHead(failure.status, { 'content-type': 'application/xml' });
        response.end(`<Error><Code>${failure.code}</Code><Message>scripted</Message></Error>`);
      } else if (request.method === 'PUT') {
        objects.set(name, Buffer.concat(chunks));
        response.writeHead(200).end();
      } else if (object === undefined) {
        response.writeHead(404, { 'content-type': 'application/xml' });
        response.end('<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>');
      } else {
        response.writeHead(200, { 'content-length': object.byteLength }).end(object);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    requests,
    failures,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
