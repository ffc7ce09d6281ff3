import type pg from 'pg';
import { cutConnection } from './cut-connection.ts';
import { type ClientRequest, openClient } from './open-client.ts';

/** How long one use may take: a link that went silent ends a query with no answer. */
const USE_TIMEOUT_MS = 30_000;
/** How long closing waits for the use that is under way. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * One ordinary connection that is opened when it is needed, kept, and replaced after
 * it broke. Uses are one after the other, and short: one that gets no answer for long is
 * given up with its connection.
 */
export class SqlSession {
  readonly #config: pg.ClientConfig;
  readonly #request: ClientRequest;
  readonly #onShutdown: () => void;
  #client: pg.Client | undefined;
  #last: Promise<unknown> = Promise.resolve();
  readonly #timeoutMs: number;
  #closed = false;

  /** `onShutdown` is called when the server ends the connection because it stops. */
  constructor(
    config: pg.ClientConfig,
    onShutdown: () => void = () => {},
    timeoutMs: number = USE_TIMEOUT_MS,
    request: ClientRequest = {},
  ) {
    this.#config = config;
    this.#onShutdown = onShutdown;
    this.#timeoutMs = timeoutMs;
    this.#request = request;
  }

  /**
   * Runs `work` on the connection. @throws what connecting or the work throws, and after
   * `close`, for a connection that was opened then would keep the process alive.
   */
  use<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(new Error('the connection was closed'));
    const result = this.#last.then(async () => {
      const client = await this.#connected();
      const timer = setTimeout(() => cutConnection(client), this.#timeoutMs);
      try {
        return await work(client);
      } finally {
        clearTimeout(timer);
      }
    });
    this.#last = result.catch(() => {});
    return result;
  }

  /** Waits a little for the use that is under way, then closes. */
  async close(): Promise<void> {
    this.#closed = true;
    const timer = setTimeout(() => {
      if (this.#client !== undefined) cutConnection(this.#client);
    }, CLOSE_TIMEOUT_MS);
    await this.#last;
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
    clearTimeout(timer);
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    const client = await openClient(this.#config, this.#request);
    client.on('error', (error: Error & { readonly code?: string }) => {
      if (error.code === '57P01' || error.code === '57P02') this.#onShutdown();
    });
    client.once('end', () => {
      if (this.#client === client) this.#client = undefined;
    });
    this.#client = client;
    return client;
  }
}
