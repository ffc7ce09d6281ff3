import type { Bookmark } from '../checkpoint-store.ts';
import type { Lsn } from '../lsn.ts';
import type { ReturnedHeartbeat } from './transaction-assembler.ts';

/**
 * Heartbeats that have come back, waiting until everything before them is settled. Only
 * then has all that was visible to them been published, because what is visible was
 * committed, and so streamed, before the heartbeat.
 */
export class BookmarkTrail {
  #pending: Bookmark[] = [];
  #fingerprint: string | undefined;

  /** The publication that heartbeats must have passed through; set before streaming. */
  expect(fingerprint: string | undefined): void {
    this.#fingerprint = fingerprint;
  }

  /**
   * Notes a heartbeat. False when the publication had changed by then: rows before it
   * may not have been streamed, so it is no bookmark.
   */
  note(heartbeat: ReturnedHeartbeat): boolean {
    const { snapshot, at, fingerprint } = JSON.parse(heartbeat.content) as {
      readonly snapshot: string;
      readonly at: string;
      readonly fingerprint: string | null;
    };
    if (fingerprint !== (this.#fingerprint ?? null)) return false;
    this.#pending.push({ snapshot, at, lsn: heartbeat.lsn });
    return true;
  }

  /** The newest bookmark that a checkpoint at `lsn` makes valid; it stays until `adopted`. */
  validAt(lsn: Lsn): Bookmark | undefined {
    return this.#pending.findLast((each) => each.lsn <= lsn);
  }

  /** Forgets all: another history begins, in which they mean nothing. */
  clear(): void {
    this.#pending = [];
  }

  /** Forgets what a stored bookmark has made old. */
  adopted(bookmark: Bookmark): void {
    this.#pending = this.#pending.filter((each) => each.lsn > bookmark.lsn);
  }
}
