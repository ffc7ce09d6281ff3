import type { Duplex } from 'node:stream';
import type pg from 'pg';

/** Closes a connection's socket at once; what waits for an answer is rejected. */
export function cutConnection(client: pg.Client): void {
  // `connection` is missing from pg's types.
  const { connection } = client as unknown as { readonly connection: { readonly stream: Duplex } };
  connection.stream.destroy();
}
