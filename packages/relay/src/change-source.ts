import type { PublishableEvent } from '@tidings/contract';
import type { Logger } from './logger.ts';
import type { Checkpoint, Position } from './position.ts';

/**
 * What a record takes in memory beside its text while it is on its way, roughly: the row, the
 * event, the publisher's entry and outcome. Measured with events of 500 bytes.
 */
export const RECORD_OVERHEAD_BYTES = 2_000;

/** One change as the source saw it: an outbox row, an item image. */
export interface ChangeRecord<Change> {
  readonly change: Change;
  /** What it occupies in memory, `RECORD_OVERHEAD_BYTES` included; bounds the work in flight. */
  readonly bytes: number;
}

/**
 * Records that become final together, in stream order: a transaction, or a piece of
 * a large one. A group may be empty, which only moves the position.
 */
export interface ChangeGroup<Change> {
  readonly records: readonly ChangeRecord<Change>[];
  /**
   * Where a restart may begin once this group and all before it are settled.
   * Absent on a piece whose transaction goes on in the next group.
   */
  readonly position?: Position;
}

/**
 * Another relay has, or may have, taken over the stream: what this one has read and not
 * settled is the other's to publish. Read again to stand by.
 */
export class TakenOver extends Error {
  override readonly name = 'TakenOver';
}

/**
 * A stream of committed changes. It delivers each change at least once, in the order
 * of its store, and repeats after a restart only what no checkpoint covers.
 */
export interface ChangeSource<Change = unknown> {
  /** Names the source in logs, for example `wal slot "orders"`. */
  readonly name: string;

  /**
   * Resolves when reading can begin.
   * @throws ConfigurationError that says what a person must change.
   */
  verify(): Promise<void>;

  /**
   * Reads from the last checkpoint on. It may be called again once an earlier reading has
   * ended, and begins at the checkpoint then. Survives a lost connection: it reconnects and
   * continues where reading stood, and reports that to `logger`. Ends when `signal` is
   * aborted.
   * @throws ConfigurationError where going on would lose changes, TakenOver where another
   * relay has taken over what was read.
   */
  read(signal: AbortSignal, logger: Logger): AsyncIterable<readonly ChangeGroup<Change>[]>;

  /** Turns a change into the events that tell of it. A throw makes it poison. */
  capture(change: Change): readonly PublishableEvent[];

  /** Makes a checkpoint durable first and tells the store of it then. */
  confirm(checkpoint: Checkpoint): Promise<void>;

  /** Releases connections and timers. The store keeps what is not confirmed. */
  close(): Promise<void>;
}
