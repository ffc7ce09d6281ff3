/**
 * Decodes the messages of pgoutput, protocol version 1. Every value is copied out of
 * the chunk at once: the chunk is a view into a buffer that the next read overwrites.
 * Values are the text that Postgres sent; nothing parses a number or a date on the way.
 */

/** A value that an update left as it was and that Postgres did not send (TOAST). */
export const unchanged: unique symbol = Symbol('unchanged');

/** Column values in the relation's order; null is SQL's NULL. */
export type Tuple = readonly (string | null | typeof unchanged)[];

/** What a table publishes of a row that was updated or deleted. */
export type ReplicaIdentity = 'default' | 'nothing' | 'full' | 'index';

/** A table as the stream described it last. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly replicaIdentity: ReplicaIdentity;
  readonly columns: readonly string[];
  /** Type of each column, as in `pg_type`. */
  readonly typeOids: readonly number[];
  /** Whether each column is part of the replica identity. */
  readonly inIdentity: readonly boolean[];
}

/** The old row: all of it (`full`), or the columns of its replica identity (`key`). */
export interface OldRow {
  readonly kind: 'full' | 'key';
  readonly values: Tuple;
}

/** A decoded message. */
export type PgoutputMessage =
  | {
      readonly kind: 'begin';
      readonly xid: number;
      /** Where the record of the commit begins. */
      readonly commitLsn: bigint;
      /** When it was committed: microseconds since 2000, by the server's clock. */
      readonly committedAtMicros: bigint;
    }
  | { readonly kind: 'commit'; readonly endLsn: bigint }
  | { readonly kind: 'relation'; readonly relation: Relation }
  | { readonly kind: 'insert'; readonly relationOid: number; readonly now: Tuple }
  | {
      readonly kind: 'update';
      readonly relationOid: number;
      readonly now: Tuple;
      readonly before: OldRow | undefined;
    }
  | { readonly kind: 'delete'; readonly relationOid: number; readonly before: OldRow }
  | { readonly kind: 'truncate'; readonly relationOids: readonly number[] }
  | {
      readonly kind: 'message';
      /** False for one that came at once, also from a transaction that rolled back. */
      readonly transactional: boolean;
      readonly prefix: string;
      /** Its first 1,024 bytes: anybody may send a message, of up to 1 GB. */
      readonly content: string;
    }
  | { readonly kind: 'other'; readonly tag: string };

const BEGIN = 0x42;
const COMMIT = 0x43;
const RELATION = 0x52;
const INSERT = 0x49;
const UPDATE = 0x55;
const DELETE = 0x44;
const TRUNCATE = 0x54;
const MESSAGE = 0x4d;

const NULL = 0x6e;
const TEXT = 0x74;
const UNCHANGED = 0x75;

const OLD_ROW = 0x4f;
const OLD_KEY = 0x4b;

/** What is kept of a logical message: the relay's own are far shorter. */
const CONTENT_BYTES = 1_024;

const identities: Readonly<Record<string, ReplicaIdentity>> = {
  d: 'default',
  n: 'nothing',
  f: 'full',
  i: 'index',
};

/**
 * Decodes the message that begins at `offset`.
 * @throws Error on bytes that are no pgoutput message: the stream cannot be trusted.
 */
export function decodePgoutput(chunk: Buffer, offset: number): PgoutputMessage {
  const tag = chunk[offset];
  switch (tag) {
    case BEGIN:
      // LSN of the commit (8), time (8), transaction (4)
      return {
        kind: 'begin',
        xid: chunk.readUInt32BE(offset + 17),
        commitLsn: chunk.readBigUInt64BE(offset + 1),
        committedAtMicros: chunk.readBigInt64BE(offset + 9),
      };
    case COMMIT:
      // flags (1), LSN of the commit (8), LSN behind it (8), time (8)
      return { kind: 'commit', endLsn: chunk.readBigUInt64BE(offset + 10) };
    case INSERT:
      return {
        kind: 'insert',
        relationOid: chunk.readUInt32BE(offset + 1),
        // the byte between is 'N', the only tuple that an insert has
        now: readTuple(new Cursor(chunk, offset + 6)),
      };
    case RELATION:
      return { kind: 'relation', relation: readRelation(new Cursor(chunk, offset + 1)) };
    case UPDATE:
      return readUpdate(new Cursor(chunk, offset + 1));
    case DELETE: {
      const cursor = new Cursor(chunk, offset + 1);
      const relationOid = cursor.uint32();
      return { kind: 'delete', relationOid, before: readOldRow(cursor, cursor.byte()) };
    }
    case TRUNCATE: {
      const cursor = new Cursor(chunk, offset + 1);
      const count = cursor.uint32();
      cursor.at += 1; // CASCADE, RESTART IDENTITY
      return {
        kind: 'truncate',
        relationOids: Array.from({ length: count }, () => cursor.uint32()),
      };
    }
    case MESSAGE: {
      const cursor = new Cursor(chunk, offset + 1);
      const transactional = (cursor.byte() & 1) === 1;
      cursor.at += 8; // LSN
      const prefix = cursor.text();
      return { kind: 'message', transactional, prefix, content: cursor.sized(CONTENT_BYTES) };
    }
    case undefined:
      throw new Error('pgoutput sent an empty message');
    default:
      return { kind: 'other', tag: String.fromCharCode(tag) };
  }
}

/** Reads a message from front to back. */
class Cursor {
  readonly chunk: Buffer;
  at: number;

  constructor(chunk: Buffer, at: number) {
    this.chunk = chunk;
    this.at = at;
  }

  byte(): number {
    return this.chunk.readUInt8(this.at++);
  }

  uint16(): number {
    this.at += 2;
    return this.chunk.readUInt16BE(this.at - 2);
  }

  uint32(): number {
    this.at += 4;
    return this.chunk.readUInt32BE(this.at - 4);
  }

  /** Text up to a zero byte. */
  text(): string {
    const end = this.chunk.indexOf(0, this.at);
    if (end === -1) throw new Error('pgoutput sent a name without an end');
    const value = this.chunk.toString('utf8', this.at, end);
    this.at = end + 1;
    return value;
  }

  /** Text behind its length; of a longer one the first `limit` bytes. */
  sized(limit = Number.POSITIVE_INFINITY): string {
    const length = this.uint32();
    const from = this.at;
    this.at += length;
    if (this.at > this.chunk.length) throw new Error('pgoutput sent a value without its end');
    return this.chunk.toString('utf8', from, length > limit ? from + limit : this.at);
  }
}

function readRelation(cursor: Cursor): Relation {
  const oid = cursor.uint32();
  const schema = cursor.text();
  const table = cursor.text();
  const replicaIdentity = identities[String.fromCharCode(cursor.byte())] ?? 'default';
  const count = cursor.uint16();
  const columns: string[] = [];
  const typeOids: number[] = [];
  const inIdentity: boolean[] = [];
  for (let i = 0; i < count; i++) {
    inIdentity.push((cursor.byte() & 1) === 1);
    columns.push(cursor.text());
    typeOids.push(cursor.uint32());
    cursor.at += 4; // type modifier
  }
  return { oid, schema, table, replicaIdentity, columns, typeOids, inIdentity };
}

function readUpdate(cursor: Cursor): PgoutputMessage {
  const relationOid = cursor.uint32();
  const kind = cursor.byte();
  let before: OldRow | undefined;
  if (kind === OLD_ROW || kind === OLD_KEY) {
    before = readOldRow(cursor, kind);
    cursor.at += 1; // 'N'
  }
  return { kind: 'update', relationOid, now: readTuple(cursor), before };
}

function readOldRow(cursor: Cursor, kind: number): OldRow {
  return { kind: kind === OLD_ROW ? 'full' : 'key', values: readTuple(cursor) };
}

function readTuple(cursor: Cursor): Tuple {
  const count = cursor.uint16();
  const values: (string | null | typeof unchanged)[] = new Array(count);
  for (let i = 0; i < count; i++) {
    const kind = cursor.byte();
    if (kind === TEXT) values[i] = cursor.sized();
    else if (kind === NULL) values[i] = null;
    else if (kind === UNCHANGED) values[i] = unchanged;
    else
      throw new Error(`pgoutput sent a column of kind ${kind}; text, null or unchanged is known`);
  }
  return values;
}
