import pg from 'pg';

/**
 * One ordinary connection that is opened when it is needed, kept, and replaced after
 * it broke. Uses are one after the other.
 */
export class SqlSession {
  readonly #config: pg.ClientConfig;
  readonly #onShutdown: () => void;
  #client: pg.Client | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** `onShutdown` is called when the server ends the connection because it stops. */
  constructor(config: pg.ClientConfig, onShutdown: () => void) {
    this.#config = config;
    this.#onShutdown = onShutdown;
  }

  /** Runs `work` on the connection. @throws what connecting or the work throws. */
  use<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    const result = this.#last.then(async () => work(await this.#connected()));
    this.#last = result.catch(() => {});
    return result;
  }

  /** Waits for the use that is under way, then closes. */
  async close(): Promise<void> {
    await this.#last;
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    const client = new pg.Client(this.#config);
    // Without a listener a connection that breaks while idle would end the process.
    client.on('error', (error: Error & { readonly code?: string }) => {
      if (error.code === '57P01' || error.code === '57P02') this.#onShutdown();
    });
    client.once('end', () => {
      if (this.#client === client) this.#client = undefined;
    });
    await client.connect();
    this.#client = client;
    return client;
  }
}
