/**
 * Decodes the messages of pgoutput, protocol version 1, that an insert-only
 * publication sends. Every value is copied out of the chunk at once: the chunk is a
 * view into a buffer that the next read overwrites. Values are the text that
 * Postgres sent; nothing parses a number or a date on the way.
 */

/** A table as the stream described it last. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
}

/** A decoded message. */
export type PgoutputMessage =
  | { readonly kind: 'begin'; readonly xid: number }
  | { readonly kind: 'commit'; readonly endLsn: bigint }
  | { readonly kind: 'relation'; readonly relation: Relation }
  | { readonly kind: 'insert'; readonly relationOid: number; readonly values: Tuple }
  | { readonly kind: 'other'; readonly tag: string };

/** Column values in the relation's order; null is SQL's NULL. */
export type Tuple = readonly (string | null)[];

const BEGIN = 0x42;
const COMMIT = 0x43;
const RELATION = 0x52;
const INSERT = 0x49;

const NULL = 0x6e;
const TEXT = 0x74;

/**
 * Decodes the message that begins at `offset`.
 * @throws Error on bytes that are no pgoutput message: the stream cannot be trusted.
 */
export function decodePgoutput(chunk: Buffer, offset: number): PgoutputMessage {
  const tag = chunk[offset];
  switch (tag) {
    case BEGIN:
      return { kind: 'begin', xid: chunk.readUInt32BE(offset + 17) };
    case COMMIT:
      // flags (1), LSN of the commit (8), LSN behind it (8), time (8)
      return { kind: 'commit', endLsn: chunk.readBigUInt64BE(offset + 10) };
    case RELATION:
      return { kind: 'relation', relation: decodeRelation(chunk, offset + 1) };
    case INSERT:
      return {
        kind: 'insert',
        relationOid: chunk.readUInt32BE(offset + 1),
        // the byte between is 'N', the only tuple that an insert has
        values: decodeTuple(chunk, offset + 6),
      };
    case undefined:
      throw new Error('pgoutput sent an empty message');
    default:
      return { kind: 'other', tag: String.fromCharCode(tag) };
  }
}

function decodeRelation(chunk: Buffer, start: number): Relation {
  const oid = chunk.readUInt32BE(start);
  let at = start + 4;
  const text = (): string => {
    const end = chunk.indexOf(0, at);
    const value = chunk.toString('utf8', at, end);
    at = end + 1;
    return value;
  };
  const schema = text();
  const table = text();
  at += 1; // replica identity
  const count = chunk.readUInt16BE(at);
  at += 2;
  const columns: string[] = [];
  for (let i = 0; i < count; i++) {
    at += 1; // flags
    columns.push(text());
    at += 8; // type and its modifier
  }
  return { oid, schema, table, columns };
}

function decodeTuple(chunk: Buffer, start: number): Tuple {
  const count = chunk.readUInt16BE(start);
  const values: (string | null)[] = new Array(count);
  let at = start + 2;
  for (let i = 0; i < count; i++) {
    const kind = chunk[at];
    at += 1;
    if (kind === NULL) {
      values[i] = null;
    } else if (kind === TEXT) {
      const length = chunk.readUInt32BE(at);
      at += 4;
      values[i] = chunk.toString('utf8', at, at + length);
      at += length;
    } else {
      throw new Error(`pgoutput sent a column of kind ${kind} where an insert has text or null`);
    }
  }
  return values;
}
