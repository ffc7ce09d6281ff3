import type { ChangeGroup } from '@tidings/relay';

/**
 * Bytes that wait at most, but for the read that goes beyond it: enough to keep the relay
 * busy while the socket rests, and few enough that what waits dies young.
 */
const LIMIT = 1024 * 1024;

/**
 * Holds groups between the socket and the relay. Its byte count is what the reader
 * pauses the socket by.
 */
export class GroupQueue<Change> {
  #groups: ChangeGroup<Change>[] = [];
  #bytes = 0;
  #outcome: { readonly error: Error | undefined } | undefined;
  #wake: (() => void) | undefined;
  #drained: (() => void) | undefined;
  #room: (() => void) | undefined;

  /** Bytes of the groups that nobody took yet. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True once nothing more comes out of it. */
  get ended(): boolean {
    return this.#outcome !== undefined;
  }

  /** Called whenever the queue has been emptied. */
  onDrained(callback: (() => void) | undefined): void {
    this.#drained = callback;
  }

  /** True while so much waits here that nobody should read more. */
  get full(): boolean {
    return this.#bytes >= LIMIT;
  }

  /** Resolves when there is room for more. @throws the signal's reason when aborted. */
  async room(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const wake = (): void => this.#room?.();
    signal.addEventListener('abort', wake, { once: true });
    try {
      while (this.full && this.#outcome === undefined) {
        await new Promise<void>((resolve) => {
          this.#room = resolve;
        });
        signal.throwIfAborted();
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  push(groups: readonly ChangeGroup<Change>[], bytes: number): void {
    if (groups.length === 0) return;
    for (const group of groups) this.#groups.push(group);
    this.#bytes += bytes;
    this.#wake?.();
  }

  /** Ends the queue: what is in it is dropped, for nobody has published it. */
  end(error?: Error): void {
    this.#outcome ??= { error };
    this.#wake?.();
    this.#room?.();
  }

  /** All groups that have come; waits for one. Undefined at the end. */
  async take(): Promise<readonly ChangeGroup<Change>[] | undefined> {
    while (this.#groups.length === 0 && this.#outcome === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    if (this.#outcome !== undefined) {
      if (this.#outcome.error !== undefined) throw this.#outcome.error;
      return undefined;
    }
    const groups = this.#groups;
    this.#groups = [];
    this.#bytes = 0;
    this.#drained?.();
    this.#room?.();
    return groups;
  }
}
