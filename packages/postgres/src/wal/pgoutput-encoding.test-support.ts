/** Writes pgoutput messages as the server does, for the tests of their reader. */
import { unchanged } from './pgoutput.ts';

const text = (value: string): Buffer => Buffer.from(`${value}\0`);

function int(bytes: 1 | 2 | 4, value: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

function long(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(value);
  return buffer;
}

export function begin(xid: number, commitLsn = 1n, committedAtMicros = 0n): Buffer {
  return Buffer.concat([Buffer.from('B'), long(commitLsn), long(committedAtMicros), int(4, xid)]);
}

export function commit(endLsn: bigint): Buffer {
  return Buffer.concat([Buffer.from('C'), int(1, 0), long(endLsn - 48n), long(endLsn), long(0n)]);
}

export function relation(
  oid: number,
  schema: string,
  table: string,
  columns: readonly string[],
): Buffer {
  return Buffer.concat([
    Buffer.from('R'),
    int(4, oid),
    text(schema),
    text(table),
    Buffer.from('d'),
    int(2, columns.length),
    ...columns.flatMap((column) => [int(1, 0), text(column), int(4, 25), int(4, 0xffffffff)]),
  ]);
}

type Values = readonly (string | null | typeof unchanged)[];
/** `O` with the whole old row, or `K` with its key. */
type Old = readonly ['O' | 'K', Values];

function tuple(values: Values): Buffer {
  const encoded = values.flatMap((value) => {
    if (value === null) return [Buffer.from('n')];
    if (value === unchanged) return [Buffer.from('u')];
    const bytes = Buffer.from(value);
    return [Buffer.from('t'), int(4, bytes.length), bytes];
  });
  return Buffer.concat([int(2, values.length), ...encoded]);
}

const oldRow = ([kind, values]: Old): Buffer => Buffer.concat([Buffer.from(kind), tuple(values)]);

export function insert(oid: number, values: Values): Buffer {
  return Buffer.concat([Buffer.from('I'), int(4, oid), Buffer.from('N'), tuple(values)]);
}

export function update(oid: number, now: Values, before?: Old): Buffer {
  const old = before === undefined ? [] : [oldRow(before)];
  return Buffer.concat([Buffer.from('U'), int(4, oid), ...old, Buffer.from('N'), tuple(now)]);
}

export function remove(oid: number, before: Old): Buffer {
  return Buffer.concat([Buffer.from('D'), int(4, oid), oldRow(before)]);
}

export function truncate(oids: readonly number[]): Buffer {
  return Buffer.concat([
    Buffer.from('T'),
    int(4, oids.length),
    int(1, 0),
    ...oids.map((oid) => int(4, oid)),
  ]);
}

export function message(transactional: boolean, prefix: string, content: string): Buffer {
  const bytes = Buffer.from(content);
  const flags = int(1, transactional ? 1 : 0);
  return Buffer.concat([
    Buffer.from('M'),
    flags,
    long(1n),
    text(prefix),
    int(4, bytes.length),
    bytes,
  ]);
}
