import type { ChangeGroup, ChangeRecord } from '@tidings/relay';
import { positionOf } from '@tidings/relay';
import { formatLsn, type Lsn } from '../lsn.ts';
import { type OutboxRow, outboxRowReader } from '../outbox-row.ts';
import { decodePgoutput, type Tuple } from './pgoutput.ts';

/**
 * How far reading has come, so that a new connection can go on behind it: all
 * transactions that end at or before `lsn`, and `records` records of transaction
 * `xid` after them.
 */
export interface ReadPosition {
  readonly lsn: Lsn;
  readonly xid: number | undefined;
  readonly records: number;
}

/** Rough cost of a record's objects beside its text. */
const RECORD_OVERHEAD = 400;

/**
 * Puts pgoutput messages together to groups. `take` hands out what is complete, and
 * the arrived part of the open transaction as a piece without a position: a
 * transaction of any size passes through in bounded memory. That is safe because
 * protocol version 1 sends a transaction only after its commit.
 */
export class TransactionAssembler {
  readonly #outbox: string;
  #readers = new Map<number, (tuple: Tuple) => OutboxRow>();
  #ready: ChangeGroup<OutboxRow>[] = [];
  #records: ChangeRecord<OutboxRow>[] = [];
  #bytes = 0;
  #lsn: Lsn;
  #xid: number | undefined;
  #seen = 0;
  #resume: ReadPosition;

  /** `outbox` is the table's qualified name; `resume` where an earlier one stopped. */
  constructor(outbox: string, resume: ReadPosition) {
    this.#outbox = outbox;
    this.#resume = resume;
    this.#lsn = resume.lsn;
  }

  /** What `take` has handed out so far; meaningful right after it. */
  get position(): ReadPosition {
    // Until the resumed transaction has arrived again, it stays partly read.
    if (this.#xid === undefined && this.#lsn === this.#resume.lsn) return this.#resume;
    return { lsn: this.#lsn, xid: this.#xid, records: Math.max(this.#seen, this.#skip()) };
  }

  /** True between a transaction's begin and its commit. */
  get midTransaction(): boolean {
    return this.#xid !== undefined;
  }

  /** Consumes the pgoutput message at `offset`. */
  feed(chunk: Buffer, offset: number): void {
    const message = decodePgoutput(chunk, offset);
    switch (message.kind) {
      case 'begin':
        this.#xid = message.xid;
        this.#seen = 0;
        return;
      case 'relation': {
        const { relation } = message;
        if (`${relation.schema}.${relation.table}` === this.#outbox) {
          this.#readers.set(relation.oid, outboxRowReader(relation));
        }
        return;
      }
      case 'insert': {
        const reader = this.#readers.get(message.relationOid);
        if (reader === undefined) return;
        this.#seen += 1;
        if (this.#seen <= this.#skip()) return;
        const bytes = chunk.length - offset + RECORD_OVERHEAD;
        this.#records.push({ change: reader(message.values), bytes });
        this.#bytes += bytes;
        return;
      }
      case 'commit':
        this.#lsn = message.endLsn;
        this.#xid = undefined;
        this.#seen = 0;
        this.#push(message.endLsn);
        return;
      case 'other':
        return;
    }
  }

  /** Notes that nothing is left to read before `lsn`. Only between transactions. */
  idleAt(lsn: Lsn): void {
    if (this.#xid !== undefined || lsn <= this.#lsn) return;
    this.#lsn = lsn;
    this.#push(lsn);
  }

  /** Hands out the groups since the last call and the bytes that they hold. */
  take(): { readonly groups: readonly ChangeGroup<OutboxRow>[]; readonly bytes: number } {
    if (this.#records.length > 0) {
      this.#ready.push({ records: this.#records });
      this.#records = [];
    }
    const taken = { groups: this.#ready, bytes: this.#bytes };
    this.#ready = [];
    this.#bytes = 0;
    return taken;
  }

  #push(lsn: Lsn): void {
    this.#ready.push({ records: this.#records, position: positionOf(formatLsn(lsn)) });
    this.#records = [];
  }

  /** How many records of the open transaction an earlier connection handed out. */
  #skip(): number {
    return this.#xid !== undefined && this.#xid === this.#resume.xid ? this.#resume.records : 0;
  }
}
