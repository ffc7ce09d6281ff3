import type { IncomingMessage } from 'node:http';

/** A body as text, or why there is none. */
export type Body =
  | { readonly kind: 'whole'; readonly text: string }
  | { readonly kind: 'too-long' }
  /** The client went away in the middle of it. */
  | { readonly kind: 'broken-off' };

/** Reads a body of at most `maxBytes`. */
export function readBody(message: IncomingMessage, maxBytes: number): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else {
        // The rest is thrown away as it comes: closing on unread bytes would reset the
        // connection, and the client would never see the answer.
        chunks.length = 0;
        resolve({ kind: 'too-long' });
      }
    });
    message.on('end', () =>
      resolve({ kind: 'whole', text: Buffer.concat(chunks).toString('utf8') }),
    );
    message.on('error', () => resolve({ kind: 'broken-off' }));
    message.on('close', () => resolve({ kind: 'broken-off' }));
  });
}
