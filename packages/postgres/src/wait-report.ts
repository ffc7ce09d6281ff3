import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, reasonOf } from '@tidings/relay';
import type pg from 'pg';
import { describeBlockers, type LockWait } from './blockers.ts';
import { SqlSession } from './sql-session.ts';

/** Work that takes longer is looked at from a second connection. */
const LOOK_AFTER_MS = 1_000;
/** Shorter than a lock is waited for, so that no wait goes unseen. */
const LOOK_EVERY_MS = 100;
/** What was seen longer ago is over. */
const STILL_MS = 3_000;
const FIRST_WORD_MS = 4_000;
const EVERY_MS = 9_000;
/** How long the second connection may take to answer. */
const ANSWER_MS = 3_000;

/**
 * Says of one piece of work, while it lasts, what it waits for and who keeps it waiting:
 * after four seconds, and then at least every ten.
 */
export class WaitReport {
  readonly #observer: SqlSession;
  readonly #logger: Logger;
  readonly #purpose: string;
  readonly #began = performance.now();
  readonly #stopped = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #looking: Promise<void>;
  #pid: number | undefined;
  #seen: { readonly wait: LockWait; readonly at: number } | undefined;
  #trouble: string | undefined;
  #said = Number.NEGATIVE_INFINITY;

  /** `purpose` begins the sentence: `migration 3`, `slot "orders"`. */
  constructor(connection: pg.ClientConfig, logger: Logger, purpose: string) {
    const config = { ...connection, connectionTimeoutMillis: ANSWER_MS };
    this.#observer = new SqlSession(config, () => {}, ANSWER_MS);
    this.#logger = logger;
    this.#purpose = purpose;
    this.#timer = setInterval(() => this.#sayIfDue(), LOOK_EVERY_MS);
    this.#looking = this.#look();
  }

  /** The backend that works now; undefined while none is known. */
  set pid(pid: number | undefined) {
    this.#pid = pid;
  }

  /** Notes a wait that no lock of a backend shows. */
  note(wait: LockWait): void {
    this.#seen = { wait, at: performance.now() };
  }

  /** Cancels what a backend is at. False where no second connection was to be had in time. */
  async cancel(pid: number): Promise<boolean> {
    const cancelling = this.#observer.use((client) =>
      client.query('select pg_cancel_backend($1)', [pid]),
    );
    const late = delay(ANSWER_MS, false, { ref: false });
    return Promise.race([cancelling.then(() => true), late]).catch(() => false);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopped.abort();
    await this.#observer.close();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { signal } = this.#stopped;
    await delay(LOOK_AFTER_MS, undefined, { signal }).catch(() => {});
    while (!signal.aborted) {
      try {
        const pid = this.#pid;
        if (pid !== undefined) {
          const wait = await this.#observer.use((client) => describeBlockers(client, pid));
          this.#trouble = undefined;
          if (wait !== undefined) this.note(wait);
        }
      } catch (error) {
        this.#trouble = reasonOf(error);
      }
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  #sayIfDue(): void {
    const now = performance.now();
    if (now - this.#began < FIRST_WORD_MS || now - this.#said < EVERY_MS) return;
    this.#said = now;
    const seconds = Math.round((now - this.#began) / 1_000);
    const seen = this.#seen;
    const wait = seen !== undefined && now - seen.at < STILL_MS ? seen.wait : undefined;
    this.#logger.warn(
      { purpose: this.#purpose, seconds, ...wait },
      `${this.#purpose} ${this.#sentence(seconds, wait)}`,
    );
  }

  #sentence(seconds: number, wait: LockWait | undefined): string {
    if (wait !== undefined) {
      const who = wait.blockers.length === 0 ? '' : `, held by ${wait.blockers.join('; and by ')}`;
      return `has waited ${seconds} s, now for ${wait.on}${who}`;
    }
    if (this.#pid === undefined) {
      return `has waited ${seconds} s for an answer of the server, or of a pooler before it`;
    }
    const blind =
      this.#trouble === undefined
        ? ''
        : `; whether it waits for a lock cannot be seen without a second connection (${this.#trouble})`;
    return `has been under way for ${seconds} s${blind}`;
  }
}
