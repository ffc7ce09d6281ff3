/** Writes pgoutput messages as the server does, for the tests of their reader. */

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

export function begin(xid: number): Buffer {
  return Buffer.concat([Buffer.from('B'), long(1n), long(0n), int(4, xid)]);
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

export function insert(oid: number, values: readonly (string | null)[]): Buffer {
  const encoded = values.flatMap((value) => {
    if (value === null) return [Buffer.from('n')];
    const bytes = Buffer.from(value);
    return [Buffer.from('t'), int(4, bytes.length), bytes];
  });
  return Buffer.concat([
    Buffer.from('I'),
    int(4, oid),
    Buffer.from('N'),
    int(2, values.length),
    ...encoded,
  ]);
}
