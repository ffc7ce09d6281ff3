import type { StoredCheckpoint } from '../checkpoint-store.ts';
import type { Lsn } from '../lsn.ts';
import type { Healing } from './recover-slot.ts';
import type { SlotObservation } from './slot-observation.ts';
import type { ReadPosition } from './transaction-assembler.ts';

/** What happens to the reading of a slot. */
export type ReadingEvent =
  /** The slot and its server were looked at; `readTo` is the state's own before the look. */
  | { readonly kind: 'inspected'; readonly seen: SlotObservation; readonly readTo: Lsn }
  /** A stream is about to begin, and `tidings.checkpoint` says `stored`. */
  | { readonly kind: 'opened'; readonly stored: Lsn }
  /** What a stream of history `epoch` had read up to `position` is in the queue. */
  | { readonly kind: 'handed-over'; readonly epoch: number; readonly position: ReadPosition }
  /** A lost slot was made again, and what it missed is in the queue. */
  | { readonly kind: 'recovered'; readonly healing: Healing }
  /**
   * A checkpoint at `lsn` is where this relay begins, or is about to be written by it: the
   * answer may be lost.
   */
  | { readonly kind: 'claimed'; readonly lsn: Lsn }
  /** A checkpoint of history `epoch` was written; `recovered` where it ends the recovery. */
  | {
      readonly kind: 'confirmed';
      readonly epoch: number;
      readonly lsn: Lsn;
      readonly recovered: boolean;
    };

/**
 * What is known of the reading of one slot, changed by `apply` alone.
 *
 * A new connection goes on behind what was handed over, and behind nothing else: what was
 * received and not handed over went with its connection. Positions are numbers of one
 * history. A recovery begins another, and so does a server that took over: it may lack the
 * end of what was read, and to start behind its log's end would skip what it writes until
 * there. Its own checkpoint came with its log, so it is never ahead of it.
 */
export class ReadingState {
  #epoch: number;
  #timeline: number | undefined;
  #handedOver: ReadPosition | undefined;
  #stored: Lsn = 0n;
  #claimed: Lsn = 0n;
  #healing: Healing | undefined;
  #progressAt: number;
  readonly #now: () => number;

  /** `now` is in milliseconds; `epoch` is the number of the first history. */
  constructor(now: () => number, epoch = 0) {
    this.#now = now;
    this.#epoch = epoch;
    this.#progressAt = now();
  }

  /** Number of the history that is read: see `walPosition`. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Of the server's history; undefined before the first look. */
  get timeline(): number | undefined {
    return this.#timeline;
  }

  /** What `tidings.checkpoint` says. */
  get stored(): Lsn {
    return this.#stored;
  }

  /** A slot that was made again, while what it missed is on its way to the bus. */
  get healing(): Healing | undefined {
    return this.#healing;
  }

  /** How far transactions were handed over whole; 0 where none was in this history. */
  get readTo(): Lsn {
    return this.#handedOver?.lsn ?? 0n;
  }

  /** Where a stream goes on whose checkpoint is at `checkpoint`. */
  resumeFrom(checkpoint: Lsn): ReadPosition {
    return this.#handedOver ?? { lsn: checkpoint, xid: undefined, records: 0 };
  }

  /** How long nothing was settled although something was handed over, in milliseconds. */
  get stalledForMs(): number {
    const owed = this.#handedOver !== undefined && this.#handedOver.lsn > this.#stored;
    return owed ? this.#now() - this.#progressAt : 0;
  }

  /** Whether a checkpoint is beyond all that this relay read or wrote: it is another's. */
  isOvertakenBy(checkpoint: Pick<StoredCheckpoint, 'acknowledged'> | undefined): boolean {
    return checkpoint !== undefined && checkpoint.acknowledged > this.#claimed;
  }

  /** Changes the state as `event` demands; true where another history begins with it. */
  apply(event: ReadingEvent): boolean {
    switch (event.kind) {
      case 'inspected':
        return this.#inspected(event.seen, event.readTo);
      case 'opened':
        this.#stored = event.stored;
        this.#claim(event.stored);
        return false;
      case 'handed-over':
        // A stream of a history that is over says nothing about this one.
        if (event.epoch !== this.#epoch) return false;
        if (this.stalledForMs === 0) this.#progressAt = this.#now();
        this.#handedOver = event.position;
        return false;
      case 'recovered':
        this.#beginHistory();
        this.#healing = event.healing;
        this.#handedOver = { lsn: event.healing.to, xid: undefined, records: 0 };
        this.#progressAt = this.#now();
        return true;
      case 'claimed':
        this.#claim(event.lsn);
        return false;
      case 'confirmed':
        if (event.epoch !== this.#epoch) return false;
        if (event.recovered) this.#healing = undefined;
        if (event.lsn > this.#stored) this.#stored = event.lsn;
        this.#progressAt = this.#now();
        return false;
    }
  }

  #inspected({ server, checkpoint }: SlotObservation, readTo: Lsn): boolean {
    const another = this.#timeline !== undefined && this.#timeline !== server.timeline;
    // A stream reads on while its server is looked at: only what was read before counts.
    const ahead = readTo > (server.flushed ?? 0n);
    this.#timeline = server.timeline;
    if (another || ahead) {
      this.#beginHistory();
      return true;
    }
    // Another relay has recovered the slot since, and gone on from there.
    const healing = this.#healing;
    const sameHistory = checkpoint?.timeline === server.timeline;
    if (healing !== undefined && sameHistory && checkpoint.acknowledged > healing.to) {
      this.#healing = undefined;
    }
    return false;
  }

  #claim(lsn: Lsn): void {
    if (lsn > this.#claimed) this.#claimed = lsn;
  }

  #beginHistory(): void {
    this.#epoch += 1;
    this.#handedOver = undefined;
    this.#healing = undefined;
  }
}
