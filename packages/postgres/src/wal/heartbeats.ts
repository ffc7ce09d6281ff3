import { randomUUID } from 'node:crypto';
import type { Bookmark } from '../checkpoint-store.ts';
import type { Lsn } from '../lsn.ts';
import type { ReturnedHeartbeat } from './transaction-assembler.ts';

/** What the server saw when it took a heartbeat: kept here, never sent through the log. */
export interface HeartbeatView {
  /** `pg_current_snapshot()` as text. */
  readonly snapshot: string;
  /** By the server's clock: ISO 8601. */
  readonly at: string;
  /** The publication as it was; null where it did not exist. */
  readonly fingerprint: string | null;
}

interface Pending {
  view: HeartbeatView | undefined;
  lsn: Lsn | undefined;
}

/** Beats on their way at most; one every five seconds, so this is more than an hour. */
const PENDING_LIMIT = 1_000;

/**
 * The heartbeats of this process. Through the log goes a random name and nothing else:
 * any role that may connect can send a message with the same prefix, so what comes back is
 * only looked up here, and a name that is not known is counted and otherwise ignored. What
 * was visible to a heartbeat had been committed before it, so it has been published once
 * everything up to the heartbeat is settled: that makes it a bookmark.
 */
export class Heartbeats {
  readonly #pending = new Map<string, Pending>();
  #bookmarks: Bookmark[] = [];
  #fingerprint: string | null = null;
  #foreign = 0;

  /** How many messages under the prefix were of nobody known: strangers, or an earlier process. */
  get foreign(): number {
    return this.#foreign;
  }

  /** The publication that heartbeats must have passed through; set before streaming. */
  expect(fingerprint: string | undefined): void {
    this.#fingerprint = fingerprint ?? null;
  }

  /**
   * Sends one through `emit`, which takes its name and answers with what the server saw.
   * False where the publication was another by then, so that rows before the heartbeat may
   * never be streamed. Sends none while so many are on their way that another tells nothing.
   */
  async send(emit: (name: string) => Promise<HeartbeatView>): Promise<boolean> {
    if (this.#pending.size >= PENDING_LIMIT) return true;
    const name = randomUUID();
    // Known before it is sent: the stream may be faster than the answer.
    const pending: Pending = { view: undefined, lsn: undefined };
    this.#pending.set(name, pending);
    try {
      pending.view = await emit(name);
    } catch (error) {
      this.#pending.delete(name);
      throw error;
    }
    if (pending.view.fingerprint !== this.#fingerprint) {
      this.#pending.delete(name);
      return false;
    }
    this.#complete(name, pending);
    return true;
  }

  /** Takes note of one that came back; false where it is of nobody that is known here. */
  note({ name, lsn }: ReturnedHeartbeat): boolean {
    const pending = this.#pending.get(name);
    if (pending === undefined) {
      this.#foreign += 1;
      return false;
    }
    pending.lsn = lsn;
    this.#complete(name, pending);
    return true;
  }

  /** The newest bookmark that a checkpoint at `lsn` makes valid; it stays until `adopted`. */
  validAt(lsn: Lsn): Bookmark | undefined {
    return this.#bookmarks.findLast((each) => each.lsn <= lsn);
  }

  /** Forgets what a stored bookmark has made old. */
  adopted(bookmark: Bookmark): void {
    this.#bookmarks = this.#bookmarks.filter((each) => each.lsn > bookmark.lsn);
  }

  /** Forgets all: another history begins, in which they mean nothing. */
  clear(): void {
    this.#pending.clear();
    this.#bookmarks = [];
  }

  #complete(name: string, { view, lsn }: Pending): void {
    // Both are needed, and `clear` may have come in between.
    if (view === undefined || lsn === undefined || !this.#pending.delete(name)) return;
    this.#bookmarks.push({ snapshot: view.snapshot, at: view.at, lsn });
  }
}
