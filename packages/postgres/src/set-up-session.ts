import { setTimeout as delay } from 'node:timers/promises';
import { ConfigurationError, consoleLogger, type Logger } from '@tidings/relay';
import type pg from 'pg';
import { describeLockHolders } from './blockers.ts';
import { clientConfigOf, targetOf } from './connection-config.ts';
import { asRefusal } from './connection-failure.ts';
import { cutConnection } from './cut-connection.ts';
import { beginAlone, type LocalSettings, unhurried } from './local-settings.ts';
import { openClient } from './open-client.ts';
import { WaitReport } from './wait-report.ts';

/** How whoever sets up a database hears of waits, and ends them. */
export interface SetUpControl {
  /** Hears every ten seconds on what and on whom a wait is. Default `consoleLogger`. */
  readonly logger?: Logger;
  /**
   * Ends the work at its next step or in the middle of a wait; the promise rejects with the
   * signal's reason. Nothing waits on at the server then, and no slot is left half made.
   */
  readonly signal?: AbortSignal;
}

/** Names of `SetUpControl`, for the check of options. */
export const setUpControlNames: Record<keyof SetUpControl, true> = { logger: true, signal: true };

/** Serialises set-ups; any number that nobody else uses. */
const LOCK = 7_241_950_301_117_000n;

/**
 * How long a statement waits for a lock. Whoever writes to the table queues up behind one
 * that waits, and the statement behind the longest transaction: so it gives up soon.
 */
const LOCK_TIMEOUT = '250ms';
/** Between two tries, writers get through; it doubles. */
const pause = { baseMs: 250, capMs: 4_000 };
/** How often another set-up is looked for. */
const OTHER_MS = 200;
/** How often what an abort interrupts is interrupted again, until it has ended. */
const INTERRUPT_MS = 200;

const settings: LocalSettings = {
  ...unhurried,
  lock_timeout: LOCK_TIMEOUT,
  row_security: 'off',
};

/** A server that cannot watch its client's socket says 22023 to this setting. */
const begin = `begin isolation level read committed read write;
  do $$ begin
    perform set_config('client_connection_check_interval', '1s', true);
  exception when invalid_parameter_value then null; end $$`;

/**
 * A connection for changes of the schema. Everything is done in transactions that no other
 * set-up shares and that hold nothing behind them, so it may go through a pooler. A wait
 * for a lock ends soon and is tried again, without an end and not without a word.
 */
export class SetUpSession {
  readonly #client: pg.Client;
  readonly #connection: pg.ClientConfig;
  readonly #logger: Logger;
  readonly #signal: AbortSignal | undefined;

  private constructor(client: pg.Client, connection: pg.ClientConfig, control: SetUpControl) {
    this.#client = client;
    this.#connection = connection;
    this.#logger = control.logger ?? consoleLogger;
    this.#signal = control.signal;
  }

  /** Connects, runs `work` and closes. */
  static async use<Result>(
    connection: string | pg.ClientConfig,
    control: SetUpControl,
    work: (session: SetUpSession) => Promise<Result>,
  ): Promise<Result> {
    const config = { ...clientConfigOf(connection), application_name: 'tidings set-up' };
    const { signal } = control;
    signal?.throwIfAborted();
    let client: pg.Client | undefined;
    try {
      client = await openClient(config, signal === undefined ? {} : { signal });
      return await work(new SetUpSession(client, config, control));
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : asRefusal(targetOf(config), error);
    } finally {
      await client?.end().catch(() => {});
    }
  }

  /**
   * Runs `work` in a transaction, again and again until it gets its locks. `purpose` begins
   * what is said of a wait: `migration 3`.
   * @throws ConfigurationError on a standby, whose catalog is its primary's.
   */
  async transaction<Result>(
    purpose: string,
    work: (client: pg.Client) => Promise<Result>,
  ): Promise<Result> {
    const signal = this.#signal;
    const report = new WaitReport(this.#connection, this.#logger, purpose);
    try {
      for (let pauseMs = pause.baseMs; ; ) {
        signal?.throwIfAborted();
        const outcome = await this.#attempt(report, work);
        if (outcome.kind === 'done') return outcome.result;
        const waitMs = outcome.kind === 'another' ? OTHER_MS : pauseMs;
        if (outcome.kind === 'locked') pauseMs = Math.min(pause.capMs, pauseMs * 2);
        await delay(waitMs, undefined, signal === undefined ? {} : { signal });
      }
    } finally {
      await report.stop();
    }
  }

  /** Runs `work` on a connection of its own, for what a failure leaves; it may fail too. */
  async cleanUp(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
    let client: pg.Client | undefined;
    try {
      client = await openClient({ ...this.#connection, query_timeout: 5_000 });
      await work(client);
    } catch {
      // The failure that led here says more.
    } finally {
      await client?.end().catch(() => {});
    }
  }

  async #attempt<Result>(
    report: WaitReport,
    work: (client: pg.Client) => Promise<Result>,
  ): Promise<{ kind: 'done'; result: Result } | { kind: 'locked' | 'another' }> {
    const client = this.#client;
    const signal = this.#signal;
    let over = false;
    let pid: number | undefined;
    const interrupt = async (): Promise<void> => {
      while (!over) {
        if (pid === undefined || !(await report.cancel(pid))) return cutConnection(client);
        await delay(INTERRUPT_MS);
      }
    };
    let interrupting: Promise<void> | undefined;
    const onAbort = (): void => {
      interrupting = interrupt();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const begun = await beginAlone(client, LOCK, settings, begin);
      pid = begun.pid;
      report.pid = pid;
      if (!begun.alone) {
        const blockers = await describeLockHolders(client, LOCK);
        report.note({ on: 'another set-up of this database', blockers });
        await client.query('rollback');
        return { kind: 'another' };
      }
      const result = await work(client);
      signal?.throwIfAborted();
      over = true;
      await client.query('commit');
      return { kind: 'done', result };
    } catch (error) {
      over = true;
      await client.query('rollback').catch(() => {});
      signal?.throwIfAborted();
      const { code } = error as { readonly code?: string };
      if (code !== undefined && readOnly.has(code) && (await isStandby(client))) {
        throw new ConfigurationError('the server is a standby; connect to the primary');
      }
      if (code !== undefined && contention.has(code)) return { kind: 'locked' };
      throw error;
    } finally {
      over = true;
      signal?.removeEventListener('abort', onAbort);
      report.pid = undefined;
      await interrupting;
    }
  }
}

/** What passes by itself: another transaction was in the way. */
const contention = new Set([
  '55P03', // lock_not_available
  '40P01', // deadlock_detected
  '40001', // serialization_failure
]);

/** What a server says that cannot write: also to BEGIN READ WRITE. */
const readOnly = new Set(['25006', '0A000']);

async function isStandby(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ standby: boolean }>(
    'select pg_is_in_recovery() as standby',
  );
  return rows[0]?.standby === true;
}
