import { type ChangeGroup, type ChangeRecord, RECORD_OVERHEAD_BYTES } from '@tidings/relay';
import type { Lsn } from '../lsn.ts';
import { decodePgoutput, type PgoutputMessage } from './pgoutput.ts';
import type { RowMessage, RowReader, WalLayout } from './wal-layout.ts';
import { walPosition } from './wal-position.ts';

/**
 * How far reading has come, so that a new connection can go on behind it: all
 * transactions that end at or before `lsn`, and `records` changes of transaction `xid`
 * after them, whether they are read or not.
 */
export interface ReadPosition {
  readonly lsn: Lsn;
  readonly xid: number | undefined;
  readonly records: number;
}

/** A heartbeat, by its name, that came back in the stream: this relay's, or anybody's. */
export interface ReturnedHeartbeat {
  readonly name: string;
  /** End of its transaction. */
  readonly lsn: Lsn;
}

/** What has been put together since the last time. */
export interface Assembled<Change> {
  readonly groups: readonly ChangeGroup<Change>[];
  readonly bytes: number;
  readonly heartbeats: readonly ReturnedHeartbeat[];
  /** Where a new connection goes on once all of this is handed over, and not before. */
  readonly position: ReadPosition;
}

/**
 * Puts pgoutput messages together to groups. `take` hands out what is complete, and
 * the arrived part of the open transaction as a piece without a position: a
 * transaction of any size passes through in bounded memory. That is safe because
 * protocol version 1 sends a transaction only after its commit.
 */
export class TransactionAssembler<Change> {
  readonly #layout: WalLayout<Change>;
  readonly #heartbeatPrefix: string;
  readonly #epoch: number;
  readonly #resume: ReadPosition;
  readonly #readers = new Map<number, RowReader<Change>>();
  #ready: ChangeGroup<Change>[] = [];
  #records: ChangeRecord<Change>[] = [];
  #heartbeats: ReturnedHeartbeat[] = [];
  #heartbeat: string | undefined;
  #bytes = 0;
  #lsn: Lsn;
  #begin: Extract<PgoutputMessage, { kind: 'begin' }> | undefined;
  #xid: number | undefined;
  #seen = 0;

  /**
   * `resume` is where an earlier assembler of the same slot and history stopped, `epoch`
   * the number of that history.
   */
  constructor(
    layout: WalLayout<Change>,
    heartbeatPrefix: string,
    epoch: number,
    resume: ReadPosition,
  ) {
    this.#layout = layout;
    this.#heartbeatPrefix = heartbeatPrefix;
    this.#epoch = epoch;
    this.#resume = resume;
    this.#lsn = resume.lsn;
  }

  /**
   * Consumes the pgoutput message at `offset`.
   * @throws what a reader of the layout throws. What came before that message may be taken;
   * the message itself is read again by the next connection.
   */
  feed(chunk: Buffer, offset: number): void {
    const message = decodePgoutput(chunk, offset);
    switch (message.kind) {
      case 'begin':
        this.#begin = message;
        this.#xid = message.xid;
        this.#seen = 0;
        return;
      case 'insert':
      case 'update':
      case 'delete':
        this.#change(message.relationOid, message, chunk.length - offset);
        return;
      case 'truncate':
        for (const oid of message.relationOids) this.#change(oid, { kind: 'truncate' }, 0);
        return;
      case 'commit':
        this.#commit(message.endLsn);
        return;
      case 'relation':
        this.#describe(message);
        return;
      case 'message':
        // One outside a transaction may be of one that rolled back.
        if (message.transactional && message.prefix === this.#heartbeatPrefix) {
          this.#heartbeat = message.content;
        }
        return;
      case 'other':
        return;
    }
  }

  /** Hands out what has come since the last call. */
  take(): Assembled<Change> {
    if (this.#records.length > 0) {
      this.#ready.push({ records: this.#records });
      this.#records = [];
    }
    const taken = {
      groups: this.#ready,
      bytes: this.#bytes,
      heartbeats: this.#heartbeats,
      position: this.#position(),
    };
    this.#ready = [];
    this.#heartbeats = [];
    this.#bytes = 0;
    return taken;
  }

  #position(): ReadPosition {
    // Until the resumed transaction has arrived again, it stays partly read.
    if (this.#xid === undefined && this.#lsn === this.#resume.lsn) return this.#resume;
    return { lsn: this.#lsn, xid: this.#xid, records: Math.max(this.#seen, this.#skip()) };
  }

  #describe({ relation }: Extract<PgoutputMessage, { kind: 'relation' }>): void {
    const reader = this.#layout.reader(relation, this.#xid ?? 0);
    if (reader === undefined) this.#readers.delete(relation.oid);
    else this.#readers.set(relation.oid, reader);
  }

  #change(relationOid: number, message: RowMessage, size: number): void {
    if (this.#xid === undefined || this.#begin === undefined) return;
    // Counted whether it is read or not: which tables are read must not move the others.
    const index = this.#seen + 1;
    const reader = index <= this.#skip() ? undefined : this.#readers.get(relationOid);
    if (reader !== undefined && this.#layout.operations.includes(message.kind)) {
      const { xid, commitLsn, committedAtMicros } = this.#begin;
      const change = reader(message, { xid, index, commitLsn, committedAtMicros });
      const bytes = size + RECORD_OVERHEAD_BYTES;
      this.#records.push({ change, bytes });
      this.#bytes += bytes;
    }
    // One whose reader threw does not count as read.
    this.#seen = index;
  }

  #commit(endLsn: Lsn): void {
    this.#lsn = endLsn;
    this.#xid = undefined;
    this.#seen = 0;
    this.#ready.push({ records: this.#records, position: walPosition(this.#epoch, endLsn) });
    this.#records = [];
    if (this.#heartbeat === undefined) return;
    this.#heartbeats.push({ name: this.#heartbeat, lsn: endLsn });
    this.#heartbeat = undefined;
  }

  /** How many changes of the open transaction an earlier connection went through. */
  #skip(): number {
    return this.#xid !== undefined && this.#xid === this.#resume.xid ? this.#resume.records : 0;
  }
}
