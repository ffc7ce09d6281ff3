import type { IncomingMessage } from 'node:http';

/** The body as text, or undefined where it is longer than `maxBytes` or breaks off. */
export function readBody(message: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else {
        // The rest is not read: the answer goes out and the connection closes.
        message.pause();
        resolve(undefined);
      }
    });
    message.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    message.on('error', () => resolve(undefined));
    message.on('close', () => resolve(undefined));
  });
}
