import type { Checkpoint, Position } from './position.ts';

/** One group's place in the queue; counts what is still undecided. */
export interface PendingGroup {
  readonly position: Position | undefined;
  readonly bytes: number;
  undecided: number;
}

/**
 * Finds the longest prefix of settled groups, in stream order. Groups settle in any
 * order; the checkpoint moves only over those with nothing undecided before them.
 */
export class Watermark {
  #queue: PendingGroup[] = [];
  #head = 0;
  #checkpoint: Checkpoint | undefined;
  #bytes = 0;

  /** Everything up to here is settled; undefined until a group with a position is. */
  get checkpoint(): Checkpoint | undefined {
    return this.#checkpoint;
  }

  /** Bytes of the groups that the checkpoint has not passed. */
  get bytesInFlight(): number {
    return this.#bytes;
  }

  /** Groups that the checkpoint has not passed. */
  get groupsInFlight(): number {
    return this.#queue.length - this.#head;
  }

  /** Queues a group, in stream order, that owes `undecided` settlements. */
  open(position: Position | undefined, bytes: number, undecided: number): PendingGroup {
    const group: PendingGroup = { position, bytes, undecided };
    this.#queue.push(group);
    this.#bytes += bytes;
    if (undecided === 0) this.#advance();
    return group;
  }

  /** Settles one of the group's events. */
  settle(group: PendingGroup): void {
    if (group.undecided === 0) throw new Error('a settled group was settled again');
    group.undecided -= 1;
    if (group.undecided === 0) this.#advance();
  }

  #advance(): void {
    for (;;) {
      const group = this.#queue[this.#head];
      if (group === undefined || group.undecided > 0) break;
      this.#head += 1;
      this.#bytes -= group.bytes;
      if (group.position !== undefined) {
        this.#checkpoint = group.position as string as Checkpoint;
      }
    }
    // Dropping the settled part now and then keeps the queue's cost constant a group.
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}
